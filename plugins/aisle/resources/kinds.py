"""The kinds of resources that a dataset group is made of, in the order in which they can be created.

Deletion goes the other way round. What stands here of each kind is what the service's documents say of it.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

#: Who carries this tag was created from a file; nothing else is ever pruned.
MANAGED = "aisle:managed"

State = Literal["ready", "busy", "failed"]


class Kind(NamedTuple):
    """One kind of resource. The service names everything after its kinds: the rest follows from the noun."""

    noun: str
    #: The member that narrows its list operation; none: it lists the whole account.
    under: str | None = "datasetGroupArn"
    #: What an update can change, as beginnings of paths within the settings.
    updates: tuple[str, ...] = ()
    #: Whether a group has only one, whatever it is called.
    is_single: bool = False
    has_tags: bool = True
    #: What goes when one is replaced or deleted.
    loss: str = ""

    @property
    def title(self) -> str:
        return self.noun.replace("_", " ")

    @property
    def member(self) -> str:
        """As the wire says it: `datasetGroup`."""
        first, *others = self.noun.split("_")
        return first + "".join(word.title() for word in others)

    @property
    def operation(self) -> str:
        """As operations are named: `DatasetGroup`."""
        return self.member[0].upper() + self.member[1:]

    @property
    def arn_member(self) -> str:
        return f"{self.member}Arn"

    @property
    def list_member(self) -> str:
        """The member of a list operation's answer; the service writes that of filters with a capital."""
        return "Filters" if self.noun == "filter" else f"{self.member}s"

    @property
    def update_member(self) -> str:
        """The member that tells of the latest update."""
        return f"latest{self.operation}Update"


DATASET_GROUP = Kind("dataset_group", under=None)
SCHEMA = Kind("schema", under=None, has_tags=False)
DATASET = Kind(
    "dataset",
    updates=("schema",),
    loss="everything imported into it is lost: run `export`, then `train`",
)
EVENT_TRACKER = Kind(
    "event_tracker",
    is_single=True,
    loss="its tracking id goes with it: whoever sends events must be given the new one",
)
SOLUTION = Kind(
    "solution",
    updates=(
        "performAutoTraining",
        "performIncrementalUpdate",
        "solutionConfig.autoTrainingConfig",
        "solutionConfig.eventsConfig",
    ),
    loss="its trained versions are lost, and its campaigns go first: run `train`, then apply again",
)
FILTER = Kind("filter", loss="whoever names it is refused until it is back")
METRIC_ATTRIBUTION = Kind(
    "metric_attribution",
    updates=("metrics", "metricsOutputConfig"),
    is_single=True,
    has_tags=False,
    loss="it counts from nothing again",
)
CAMPAIGN = Kind(
    "campaign",
    under="solutionArn",
    updates=("minProvisionedTPS", "campaignConfig"),
    loss="it answers nobody until it is back",
)
#: Never created, but it bills, so a teardown must find it.
RECOMMENDER = Kind("recommender", loss="it answers nobody any more")
#: Only ever listed.
RECIPE = Kind("recipe", under=None, has_tags=False)

IN_ORDER = (DATASET_GROUP, SCHEMA, DATASET, EVENT_TRACKER, SOLUTION, FILTER, METRIC_ATTRIBUTION, CAMPAIGN, RECOMMENDER)


def state_of(kind: Kind, description: dict[str, Any]) -> State:
    """Whether a described resource can be worked with, is on its way, or failed to come into being.

    A failed update leaves what was there in use, so it does not count as failed.
    """
    status = description.get("status", "ACTIVE")  # a schema has none
    if status.startswith("CREATE") and status.endswith(("FAILED", "STOPPED")):
        return "failed"
    update = description.get(kind.update_member, {}).get("status", "ACTIVE")
    settled = ("ACTIVE", "INACTIVE", "UPDATE FAILED")
    return "ready" if status in settled and not update.endswith(("PENDING", "IN_PROGRESS")) else "busy"
