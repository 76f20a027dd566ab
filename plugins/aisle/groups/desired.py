"""What a file asks for, as resources in the words of the service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aisle.groups.avro import schema_hash
from aisle.groups.environment import Campaign, Dataset, DatasetKey, Group, Solution
from aisle.groups.resource import Resource, Settings, tidy
from aisle.settings import get_settings
from personalize_kinds import kinds


def resources_of(group: Group, tags: dict[str, str]) -> list[Resource]:
    """Every resource of a group, in the order of creation. `tags` are for those that have none of their own."""
    return [_tagged(resource, tags) for resource in _all_of(group)]


def schema_name(group: Group, key: DatasetKey) -> str:
    """The name of a dataset's schema: given, or with a hash of the text, as `export` names it too."""
    return group.name_of(f"{key}-{schema_hash(group.schema_of(key))}", group.datasets[key].schema_name)


def _all_of(group: Group) -> Iterator[Resource]:
    encryption = {"kmsKeyArn": group.kms_key_arn, "roleArn": group.role_arn}
    yield Resource(kinds.DATASET_GROUP, group.name, tidy({"domain": group.domain, **encryption}), group.tags or {})
    for key in group.datasets:
        settings = tidy({"schema": group.schema_of(key), "domain": group.domain})
        yield Resource(kinds.SCHEMA, schema_name(group, key), settings)
    for key, dataset in group.datasets.items():
        yield _dataset(group, key, dataset)
    if tracker := group.event_tracker:
        name = group.name_of("events", tracker.name)
        yield Resource(kinds.EVENT_TRACKER, name, {"name": name}, tracker.tags or {})
    for short, solution in group.solutions.items():
        name = group.name_of(short, solution.name)
        yield Resource(kinds.SOLUTION, name, solution_settings(solution), solution.tags or {})
    for short, filter_ in group.filters.items():
        name = group.name_of(short, filter_.name)
        yield Resource(kinds.FILTER, name, {"filterExpression": filter_.expression}, filter_.tags or {})
    yield from _metric_attribution(group)
    for short, solution in group.solutions.items():
        for campaign_key, campaign in solution.campaigns.items():
            settings = {"solution": group.name_of(short, solution.name), **campaign_settings(campaign)}
            name = group.name_of(campaign_key, campaign.name)
            yield Resource(kinds.CAMPAIGN, name, settings, campaign.tags or {})


def _tagged(resource: Resource, tags: dict[str, str]) -> Resource:
    if resource.tags or not resource.kind.has_tags:
        return resource
    return Resource(resource.kind, resource.name, resource.settings, tags, resource.label)


def _dataset(group: Group, key: DatasetKey, dataset: Dataset) -> Resource:
    return Resource(
        kinds.DATASET,
        key.upper(),
        {"schema": schema_name(group, key)},
        dataset.tags or {},
        label=group.name_of(key, dataset.name),
    )


def solution_settings(solution: Solution) -> Settings:
    """How a solution is set up, in the words of CreateSolution."""
    schedule = solution.auto_training_days
    clock = {"schedulingExpression": f"rate({schedule} day{'s' if schedule > 1 else ''})"} if schedule else None
    return tidy_solution(
        {
            "recipeArn": solution.recipe_arn,
            "performHPO": solution.perform_hpo,
            "performAutoTraining": schedule is not None,
            "performIncrementalUpdate": solution.incremental_update,
            "eventType": solution.event_type,
            "solutionConfig": {**solution.config, "autoTrainingConfig": clock},
        }
    )


def tidy_solution(settings: Settings) -> Settings:
    """A solution's settings without what says nothing: a clock that is switched off does not tick.

    The service gives the names of searched hyperparameters a prefix (`training.bptt`), which is taken off.
    """
    config: Settings = dict(settings.get("solutionConfig") or {})
    if not settings.get("performAutoTraining"):
        config.pop("autoTrainingConfig", None)
    if "hpoConfig" in config:
        config["hpoConfig"] = _without_prefixes(config["hpoConfig"])
    tidied: Settings = tidy({**settings, "solutionConfig": config})
    return tidied


def _without_prefixes(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_prefixes(part) for part in value]
    if not isinstance(value, dict):
        return value
    return {
        key: part.rpartition(".")[2] if key == "name" and isinstance(part, str) else _without_prefixes(part)
        for key, part in value.items()
    }


def campaign_settings(campaign: Campaign) -> Settings:
    """How a campaign is set up, whichever version it serves."""
    config = {
        "itemExplorationConfig": campaign.exploration.on_the_wire(),
        "enableMetadataWithRecommendations": campaign.with_metadata,
        "syncWithLatestSolutionVersion": campaign.follow_newest,
    }
    settings: Settings = tidy({"minProvisionedTPS": campaign.min_provisioned_tps, "campaignConfig": config})
    return settings


def _metric_attribution(group: Group) -> Iterator[Resource]:
    if (attribution := group.metric_attribution) is None:
        return
    name = group.name_of("attribution", attribution.name)
    metrics = {
        event: {"eventType": metric.event_type, "expression": metric.expression}
        for event, metric in attribution.metrics.items()
    }
    destination = {"path": attribution.output} if attribution.output else None
    output = {"roleArn": attribution.role_arn or get_settings().personalize.role_arn, "s3DataDestination": destination}
    yield Resource(
        kinds.METRIC_ATTRIBUTION, name, tidy({"name": name, "metrics": metrics, "metricsOutputConfig": output})
    )
