"""The file of an environment: every dataset group with all that belongs to it, checked before anything is asked.

Keys are our short names. In the service a thing is called `<group>-<key>`, unless its own `name` says otherwise, so
one account holds many environments.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from croniter import croniter  # type: ignore[import-untyped]
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aisle.groups.avro import contract_schema, usable_schema
from aisle.groups.where import Where
from aisle.settings import get_settings
from personalize_kinds import limits
from personalize_kinds.arns import RECIPE_PREFIX

DatasetKey = Literal["interactions", "items", "users", "actions", "action_interactions"]
#: The one recipe whose exploration can be set; that of the second version explores at a rate of its own.
EXPLORING = "aws-user-personalization"


def _cron(text: str) -> str:
    if len(text.split()) != 5 or not croniter.is_valid(text):
        raise ValueError("not a cron expression of five fields (minute, hour, day, month, day of week), in UTC")
    return text


Name = Annotated[str, Field(min_length=1, max_length=limits.MAX_NAME_LENGTH, pattern=f"{limits.NAME_PATTERN}$")]
Cron = Annotated[str, AfterValidator(_cron)]
S3Location = Annotated[str, Field(max_length=limits.MAX_S3_LOCATION_LENGTH, pattern=r"^s3://.+")]
Tags = dict[
    Annotated[str, Field(min_length=1, max_length=limits.MAX_TAG_KEY_LENGTH)],
    Annotated[str, Field(max_length=limits.MAX_TAG_VALUE_LENGTH)],
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class _Named(_Part):
    """Something that has a name in the service and can carry tags; own tags replace those of the environment."""

    name: Name | None = None
    tags: Tags | None = None


class Exploration(_Part):
    """How far aws-user-personalization looks beyond what it knows to be good."""

    weight: float | None = Field(None, ge=0, le=1)
    item_age_cut_off_days: int | None = Field(None, ge=1)

    def on_the_wire(self) -> dict[str, str]:
        wire = {"explorationWeight": self.weight, "explorationItemAgeCutOff": self.item_age_cut_off_days}
        return {member: f"{value:g}" for member, value in wire.items() if value is not None}


class Canary(_Part):
    """How a new version must answer, on a campaign of its own for a while, before the campaign may serve it."""

    questions: int = Field(100, ge=1, le=10_000)
    #: The share of questions that may stay without an answer: an error, or an empty list.
    max_failures: float = Field(0.01, ge=0, lt=1)
    #: What nineteen answers of twenty must not take longer than; none: as long as they like.
    max_p95_ms: int | None = Field(None, ge=1)


class Campaign(_Named):
    """A model that answers in real time, and bills for it as long as it is there.

    Which version it serves is the business of promotion and rollback; with `follow_newest` it is every new one.
    """

    min_provisioned_tps: int = Field(1, ge=1)
    follow_newest: bool = False
    with_metadata: bool = False
    exploration: Exploration = Exploration()
    canary: Canary | None = None

    @model_validator(mode="after")
    def _can_have_a_canary(self) -> Campaign:
        if self.canary and self.follow_newest:
            raise ValueError("with `follow_newest` the service lets it serve every version at once: leave `canary` out")
        return self


class BatchInference(_Part):
    """How batch inference is asked. The stages start the jobs; this is what they ask for."""

    schedule: Cron | None = None
    num_results: int = Field(limits.DEFAULT_RESULTS, ge=1, le=limits.MAX_RESULTS)
    filter: str | None = None
    exploration: Exploration = Exploration()


class BatchSegment(_Part):
    """How batch segments are asked; see BatchInference."""

    schedule: Cron | None = None
    num_results: int = Field(limits.DEFAULT_RESULTS, ge=1, le=limits.MAX_USERS_OF_SEGMENT)
    filter: str | None = None


class Training(_Part):
    """When and how versions are trained by Airflow."""

    mode: Literal["FULL", "UPDATE"] = "FULL"
    schedule: Cron | None = None
    update_schedule: Cron | None = None


class Solution(_Named):
    """A recipe set up for a group. `config` is the service's solutionConfig, `hpoConfig` within it included."""

    recipe: str
    config: dict[str, Any] = {}
    perform_hpo: bool = False
    event_type: str | None = None
    incremental_update: bool = False
    #: Days between trainings by the service's own clock; none: Airflow owns the clock.
    auto_training_days: int | None = Field(None, ge=1, le=limits.MAX_TRAINING_DAYS)
    training: Training = Training()
    campaigns: dict[Name, Campaign] = {}
    batch_inference: BatchInference | None = None
    batch_segment: BatchSegment | None = None

    @property
    def recipe_arn(self) -> str:
        return self.recipe if self.recipe.startswith("arn:") else f"{RECIPE_PREFIX}{self.recipe}"

    @model_validator(mode="after")
    def _explores_only_where_that_can_be_set(self) -> Solution:
        parts: list[Campaign | BatchInference] = [*self.campaigns.values()]
        parts += [self.batch_inference] if self.batch_inference else []
        explores = any(part.exploration.on_the_wire() for part in parts)
        if explores and self.recipe_arn != f"{RECIPE_PREFIX}{EXPLORING}":
            raise ValueError(f"`exploration` can be set for {EXPLORING} alone, not for {self.recipe}: leave it out")
        return self


class Dataset(_Named):
    """One dataset. Its schema is that of the contract with the marts, or an Avro record written out."""

    avro: Literal["contract"] | dict[str, Any] = Field("contract", alias="schema")
    schema_name: Name | None = None


class Filter(_Named):
    """An expression that says which items or users may be answers."""

    expression: str = Field(min_length=1, max_length=limits.MAX_FILTER_LENGTH)


class EventTracker(_Named):
    """What gives events their way in; a group has one."""


class Metric(_Part):
    """What an event of a type counts for."""

    event_type: str = Field(min_length=1, max_length=limits.MAX_METRIC_LENGTH)
    expression: str = Field(min_length=1, max_length=limits.MAX_METRIC_LENGTH)


class MetricAttribution(_Part):
    """What recommendations brought, metric by metric; a group has one."""

    name: Name | None = None
    metrics: dict[str, Metric] = Field(min_length=1, max_length=limits.MAX_METRICS)
    output: S3Location | None = None
    #: The role by which the service writes; none: that of the settings.
    role_arn: str | None = None


class Group(_Part):
    """One dataset group: a shop, a region, a category or a segment with models of its own."""

    name: Name = Field(default_factory=lambda: get_settings().personalize.dataset_group)
    tags: Tags | None = None
    domain: Literal["ECOMMERCE", "VIDEO_ON_DEMAND"] | None = None
    #: A key of one's own, and the role by which the service uses it.
    kms_key_arn: str | None = None
    role_arn: str | None = None
    where: Where = Where()
    import_schedule: Cron | None = None
    datasets: dict[DatasetKey, Dataset]
    solutions: dict[Name, Solution] = {}
    filters: dict[Name, Filter] = {}
    event_tracker: EventTracker | None = None
    metric_attribution: MetricAttribution | None = None

    def name_of(self, key: str, given: str | None = None) -> str:
        """What a thing of this group is called in the service."""
        return given or f"{self.name}-{key}"

    def schema_of(self, key: DatasetKey) -> dict[str, Any]:
        """The Avro record of a dataset."""
        written = self.datasets[key].avro
        return contract_schema(key) if isinstance(written, str) else written

    @model_validator(mode="after")
    def _is_whole(self) -> Group:
        if "interactions" not in self.datasets:
            raise ValueError("a group needs the dataset interactions: every model learns from it")
        for key in self.datasets:
            usable_schema(key, self.schema_of(key))
        for name, solution in self.solutions.items():
            for batch in (solution.batch_inference, solution.batch_segment):
                if batch and batch.filter and batch.filter not in self.filters:
                    raise ValueError(f"solution {name} asks with the filter {batch.filter}, which the group has not")
        return self


class Environment(_Part):
    """Everything of one file. `tags` are those of all resources that have none of their own."""

    tags: Tags = {}
    groups: list[Group] = Field(min_length=1)


def first_fault(error: ValidationError) -> str:
    """Where in an environment the first thing is that cannot be so, and why."""
    fault = error.errors(include_url=False)[0]
    return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
