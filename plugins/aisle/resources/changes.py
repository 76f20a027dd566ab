"""What of a resource an update can change, and what is lost where a resource has to be replaced or is deleted."""

from __future__ import annotations

from collections.abc import Mapping

from personalize_kinds.kinds import (
    CAMPAIGN,
    DATASET,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    RECOMMENDER,
    SOLUTION,
    Kind,
)

#: The beginnings of the paths, within a resource's settings, that its update operation can change.
UPDATES: Mapping[Kind, tuple[str, ...]] = {
    DATASET: ("schema",),
    SOLUTION: (
        "performAutoTraining",
        "performIncrementalUpdate",
        "solutionConfig.autoTrainingConfig",
        "solutionConfig.eventsConfig",
    ),
    METRIC_ATTRIBUTION: ("metrics", "metricsOutputConfig"),
    CAMPAIGN: ("minProvisionedTPS", "campaignConfig"),
}

#: What goes with a resource that is replaced or deleted. Groups and schemas are neither: nothing could stand on them.
LOSSES: Mapping[Kind, str] = {
    DATASET: "everything imported into it is lost: run `export`, then `train`",
    EVENT_TRACKER: "its tracking id goes with it: whoever sends events must be given the new one",
    SOLUTION: "its trained versions are lost, and its campaigns go first: run `train`, then apply again",
    FILTER: "requests that use it fail until it is created again",
    METRIC_ATTRIBUTION: "its counts start again from zero",
    CAMPAIGN: "it answers no request until it is created again",
    #: The platform never creates one, but it costs money, so a teardown must find it.
    RECOMMENDER: "it answers no request any more",
}
