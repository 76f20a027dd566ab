"""Aisle's behaviour, typed and frozen. `AISLE_<SECTION>__<FIELD>` in the environment overrides a default.

Secrets and endpoints of neighbours are Airflow connections (`warehouse`, `company_api`, `aws_default`), not settings;
what holds for one run only is a DAG param. A misspelt variable is refused at start instead of being ignored.

A relative path is relative to the project's folder, wherever the program was started.
"""

from __future__ import annotations

import os
import warnings
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    create_model,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.contracts.event_types import EVENT_TYPES, read_event_types
from aisle.errors import UnusableSettings
from aisle.pipeline import BY_HAND, STAGES
from personalize_kinds.limits import DEFAULT_RESULTS, MAX_RESULTS

PREFIX = "AISLE_"
#: Variables by their names of the release before.
_RENAMED = {
    "AISLE_SCHEDULES__EVALUATE": "AISLE_SCHEDULES__RETRAIN",
    "AISLE_DEADLINES__EVALUATE": "AISLE_DEADLINES__RETRAIN",
    "SERVING_CACHE_TTL_HOURS": "AISLE_PUBLISH__CACHE_TTL_HOURS",
}
#: Sections of the release before, and where their settings are now.
_MOVED = {
    "AISLE_POS__": "the file pos.toml of the sources (docs/sources.md)",
    "AISLE_OE__": "the file oe.toml of the sources (docs/sources.md)",
}
#: The project's own folder: where include/sql, dbt and expectations are.
PROJECT_ROOT = Path(__file__).resolve().parents[2]


def in_project(path: Path | str) -> Path:
    """Resolve a path of a setting: `~` is the home folder, and a relative path is relative to the project's."""
    return PROJECT_ROOT / os.path.expanduser(path)  # noqa: PTH111 - Path's own raises for a user that is unknown


def _check_schedule(schedule: str) -> str:
    from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415 - the image of services has none

    if schedule != BY_HAND and not croniter.is_valid(schedule):
        raise ValueError(f"{schedule!r} is no cron expression; write five fields such as '0 2 * * *', or '{BY_HAND}'")
    return schedule


#: Type of every setting that is a path.
ProjectPath = Annotated[Path, AfterValidator(in_project)]
Schedule = Annotated[str, AfterValidator(_check_schedule)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Section):
    """How people are identified."""

    hash_key: SecretStr = Field(SecretStr(""), description="Key of the hash that turns a person into a user id")
    phone_region: str = Field("PK", description="Region of phone numbers written without a country code (ISO 3166)")
    max_people_per_contact: int = Field(
        10, ge=2, description="A contact that more people than this share is a placeholder and identifies nobody"
    )
    most_links: int = Field(
        20,
        ge=1,
        description="Maximum identities of one person, and people of one contact; beyond it, strangers share it",
    )

    @field_validator("phone_region")
    @classmethod
    def _has_phones(cls, region: str) -> str:
        import phonenumbers  # noqa: PLC0415 - the image of services has no phonenumbers

        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"{region!r} is no region with phone numbers; give two capital letters such as PK")
        return region


class Ingest(_Section):
    """How orders are fetched."""

    start_at: datetime = Field(datetime(2024, 1, 1, tzinfo=UTC), description="First order_date to fetch")
    overlap_hours: int = Field(
        48, ge=0, description="Hours behind the watermark that every run fetches again for edits"
    )
    max_window_days: int = Field(31, ge=1, description="Maximum length of one window")
    page_orders: int = Field(1000, ge=1, description="Orders per page")
    timeout_seconds: float = Field(30, gt=0, description="Time limit of one page, from the request to its last byte")
    attempts: int = Field(5, ge=1, description="Attempts at one page before the window fails")
    allow_http: bool = Field(False, description="Allow a company API without TLS, inside a private network")
    max_page_megabytes: float = Field(64, gt=0, description="Maximum size of a page, decompressed")
    max_window_pages: int = Field(
        10_000, ge=1, description="Maximum pages of one window; with more, the API's paging does not end"
    )
    max_splits: int = Field(8, ge=0, description="How many times a window is halved if its pages contradict each other")
    recheck_every_days: int = Field(7, ge=0, description="Days between two rechecks of older days (0: never)")
    recheck_days: int = Field(90, ge=1, description="Days before the overlap that a recheck compares")
    ignored_members: tuple[str, ...] = Field((), description="Members of the API's envelope to ignore, as a JSON list")
    sources_folder: ProjectPath = Field(
        PROJECT_ROOT / "include" / "sources", description="Folder with a file for each source of orders"
    )
    currency: str = Field(
        "PKR",
        pattern=r"^[A-Z]{3}$",
        description="Currency of the warehouse (ISO 4217); orders in another one are converted, or rejected",
    )
    drops: str = Field(
        "", description="Where files of orders are dropped, in a folder per source: s3://bucket/prefix/ or a path"
    )
    keep_drops: bool = Field(False, description="Leave a file where it was dropped; erasures do not reach it there")
    max_drop_megabytes: float = Field(256, gt=0, description="Maximum size of a dropped file")

    @property
    def begins_at(self) -> datetime:
        """Where the watermark begins; a setting without a zone means UTC."""
        return self.start_at if self.start_at.tzinfo else self.start_at.replace(tzinfo=UTC)


class Transform(_Section):
    """How the marts are built."""

    runs_directory: ProjectPath = Field(PROJECT_ROOT / ".aisle" / "dbt", description="Artifacts of the newest dbt runs")
    event_types: str = Field(
        "",
        description="Events that are interactions besides purchases, by the type they are exported as, comma-separated",
    )

    @field_validator("event_types")
    @classmethod
    def _check_event_types(cls, value: str) -> str:
        read_event_types().interactions_as(_names_in(value))
        return value

    @property
    def exported_event_types(self) -> dict[str, str]:
        """The types of stored events that become interactions, each with the type it is exported as."""
        return read_event_types().interactions_as(_names_in(self.event_types))


class Storage(_Section):
    """Where files go."""

    bucket: str = Field("aisle", description="S3 bucket of archives, exports and batch files")


class Personalize(_Section):
    """How Personalize, or the engine in its place, is called."""

    dataset_group: str = Field("aisle", description="Name of the dataset group if the resources file gives none")
    role_arn: str = Field(
        "arn:aws:iam::000000000000:role/aisle-personalize",
        description="IAM role with which Personalize reads and writes S3",
    )
    poll_seconds: int = Field(30, ge=1, description="Seconds between two polls of a running job")
    resources_file: ProjectPath = Field(
        PROJECT_ROOT / "include" / "personalize" / "default.yaml",
        description="File with the dataset groups and everything that Personalize should hold",
    )


class Recommend(_Section):
    """What batch inference is asked."""

    num_results: int = Field(DEFAULT_RESULTS, ge=1, le=MAX_RESULTS, description="Length of each list")
    active_days: int | None = Field(
        None,
        ge=1,
        description="Days in which a user must have purchased, counted from the newest purchase; none: all users",
    )


class Evaluate(_Section):
    """How a new model is evaluated, and when training is due early."""

    enabled: bool = Field(True, description="Evaluate each new model on a hold-out, which trains a twin")
    hold_out_days: int = Field(7, ge=1, description="Length of the hold-out")
    hold_out_max_days: int = Field(28, ge=1, description="Maximum length of the hold-out if few users bought in it")
    popularity_days: int = Field(28, ge=1, description="Days before the hold-out that count for popularity")
    count_repeats: bool = Field(True, description="Count a product that the user had bought before as a hit")
    min_users: int = Field(50, ge=1, description="Minimum users of a usable hold-out")
    min_lift: float = Field(0.0, description="Minimum gain of ndcg_at_10 over popularity, relative to popularity's")
    max_loss: float = Field(
        0.25, ge=0, le=1, description="Maximum share of the live model's advantage that may be lost"
    )
    confidence: float = Field(
        0.95, ge=0.5, lt=1, description="Confidence in that loss that the gate needs to reject a model"
    )
    min_coverage: float = Field(0.05, ge=0, le=1, description="Minimum share of the items that the lists must contain")
    without_evidence: Literal["keep_live", "promote"] = Field(
        "keep_live", description="What to do with a new model that cannot be evaluated: keep_live or promote"
    )
    approval: bool = Field(False, description="Require a person's approval of a model that passed the gate")
    approval_hours: int = Field(72, ge=1, description="Hours after which a model without approval is rejected")
    retrain_volume: float = Field(0.2, gt=0, description="Share of new interactions that makes training due")
    retrain_drift: float = Field(0.25, gt=0, description="Population stability index that makes training due")
    drift_days: int = Field(28, ge=1, description="Length of each of the two windows that drift compares")
    drift_min_interactions: int = Field(500, ge=1, description="Minimum interactions in each of the two windows")
    retrain_min_days: float = Field(3, ge=0, description="Minimum days between two early trainings")


class Churn(_Section):
    """What churn is, what a model of it learns from, and when it may go live."""

    horizon_days: int = Field(90, ge=3, le=730, description="Days without a purchase that count as churn")
    max_dates: int = Field(
        24, ge=4, le=200, description="Maximum dates that customers are described as of, a third of the horizon apart"
    )
    max_examples: int = Field(
        300_000, ge=1_000, description="Maximum customers and dates to learn from; of more, a sample of the customers"
    )
    min_customers: int = Field(100, ge=1, description="Minimum customers that a model is measured on")
    max_calibration_error: float = Field(
        0.1, ge=0, le=1, description="Maximum mean difference of risk and churned share in a model that goes live"
    )


class Publish(_Section):
    """When batch output may become the cache, and how long it counts as current."""

    min_coverage: float = Field(0.98, ge=0, le=1, description="Minimum share of input records with an answer")
    cache_ttl_hours: float = Field(6, gt=0, description="Older lists are served and flagged as stale")

    @property
    def cache_ttl(self) -> timedelta:
        return timedelta(hours=self.cache_ttl_hours)


class Volume(_Section):
    """How far a volume may fall at a boundary, compared with the last good run and the median of earlier runs."""

    stop_below: float = Field(
        0.5, ge=0, le=1, description="Stop the pipeline if a measure falls below this share of its last good value"
    )
    note_below: float = Field(0.9, ge=0, le=1, description="Note a measure below this share")
    min_rows: int = Field(20, ge=1, description="Minimum size of a measure that is compared")
    history_runs: int = Field(14, ge=1, description="Number of good runs in the median")


class Refusal(_Section):
    """What share of a source's new orders or order items may be refused, since the last gate that passed."""

    stop_above: float = Field(
        0.25, ge=0, le=1, description="Stop the pipeline if a larger share of a source is refused"
    )
    note_above: float = Field(0.05, ge=0, le=1, description="Note a larger refused share of a source")
    min_order_items: int = Field(20, ge=1, description="Minimum order items to stop for")


class Maintain(_Section):
    """Retention periods of unreferenced data."""

    archive_days: int = Field(365, ge=1, description="Archived pages of orders, which hold personal data")
    files_days: int = Field(30, ge=1, description="Exports, batch inputs and batch outputs")
    rows_days: int = Field(90, ge=1, description="Receipts, quality results, retired generations, jobs")
    orphan_hours: int = Field(48, ge=1, description="Staging tables and uploads that a run left behind")
    delete_unknown_solutions: bool = Field(
        False, description="Delete unused solutions in the pipeline's dataset groups; false: only list them"
    )


class Alerts(_Section):
    """Where alerts about failed and late runs go."""

    webhook_url: SecretStr = Field(
        SecretStr(""), description="Webhook that receives alerts as JSON; empty: alerts are logged"
    )


class Events(_Section):
    """How purchases reach Personalize within a minute."""

    max_age_hours: int = Field(
        24,
        ge=1,
        description="Maximum age of a purchase that is sent as an event; older ones reach Personalize by export",
    )
    tracking_id: str = Field("", description="Event tracker of the first dataset group; empty: one is created")
    types_file: ProjectPath = Field(EVENT_TYPES, description="Table of the types of events, with their weights")
    tail_minutes: int = Field(5, ge=1, description="Minimum minutes that every run looks back for orders")
    senders: int = Field(4, ge=1, le=32, description="Parallel calls of PutEvents per dataset group")
    attempts: int = Field(5, ge=1, description="Refusals after which an event is dead")
    max_delay_seconds: int = Field(
        60, ge=1, description="Seconds from an event's row to PutEvents above which a warning is logged"
    )


if TYPE_CHECKING:

    class Schedules(_Section):
        """A cron expression by stage."""

    class Deadlines(_Section):
        """Minutes by stage."""

else:
    Schedules = create_model(
        "Schedules",
        __base__=_Section,
        __doc__="When each DAG runs (cron, UTC; 'manual': by hand only). Others follow their input.",
        **{stage.name: (Schedule, stage.schedule) for stage in STAGES if stage.schedule},
    )
    Deadlines = create_model(
        "Deadlines",
        __base__=_Section,
        __doc__="Minutes after which a run of each DAG that is not over is late (0: never).",
        **{
            stage.name: (float, Field(stage.deadline_minutes, ge=0))
            for stage in STAGES
            if stage.deadline_minutes is not None
        },
    )


class Docs(_Section):
    """Where the reports of a run are written for people to read."""

    directory: ProjectPath = Field(PROJECT_ROOT / ".aisle" / "site", description="Root of the static site of reports")
    url: str = Field("", description="URL of that site for people; empty: Airflow's menu has no entry")


class Cost(_Section):
    """Where Personalize's prices come from."""

    price_list: ProjectPath = Field(
        PROJECT_ROOT / "plugins" / "aisle" / "contracts" / "prices.toml", description="Price list of the cost page"
    )


class Settings(BaseSettings):
    """All sections. Build once with `get_settings()`."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", frozen=True, extra="forbid", env_ignore_empty=True
    )

    identity: Identity = Identity()
    ingest: Ingest = Ingest()
    transform: Transform = Transform()
    storage: Storage = Storage()
    personalize: Personalize = Personalize()
    recommend: Recommend = Recommend()
    evaluate: Evaluate = Evaluate()
    churn: Churn = Churn()
    publish: Publish = Publish()
    volume: Volume = Volume()
    refusal: Refusal = Refusal()
    maintain: Maintain = Maintain()
    alerts: Alerts = Alerts()
    events: Events = Events()
    schedules: Schedules = Schedules()
    deadlines: Deadlines = Deadlines()
    docs: Docs = Docs()
    cost: Cost = Cost()


@cache
def get_settings() -> Settings:
    """The settings of this process. Raises UnusableSettings that names the variable at fault."""
    take_old_names()
    _refuse_unknown_sections()
    try:
        return Settings()
    except ValueError as error:
        raise unusable_settings("Aisle", PREFIX, error) from error


def unusable_settings(program: str, prefix: str, error: ValueError) -> UnusableSettings:
    """Build the error for settings that a program cannot use.

    It names each variable and what is wrong with it, in one line and without the values, some of which are secret.
    """
    if isinstance(error, ValidationError):
        problems = "; ".join(
            f"{_variable(prefix, problem['loc'])}{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors(include_url=False, include_input=False)
        )
    else:  # a list that is no JSON
        problems = " ".join(str(error).split())
    return UnusableSettings(f"reading the settings of {program}: {problems} (.env.example describes each)")


def _names_in(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _variable(prefix: str, location: tuple[int | str, ...]) -> str:
    """The environment variable of a field, without the place in its value; nothing where several fields disagree."""
    fields = [part.upper() for part in location if isinstance(part, str)]
    return f"{prefix}{'__'.join(fields)}: " if fields else ""


def take_old_names() -> None:
    """Give the variables that were renamed in this release their new names. A new name that is set goes before."""
    for old, new in _RENAMED.items():
        if value := os.environ.pop(old, None):
            warnings.warn(f"{old} is called {new} now; the next release will refuse the old name", stacklevel=3)
            os.environ.setdefault(new, value)


def _refuse_unknown_sections() -> None:
    """pydantic checks fields of known sections only: a misspelt section would be silently ignored."""
    known = {f"{PREFIX}{section.upper()}__" for section in Settings.model_fields}
    for name, value in os.environ.items():
        if moved := next((place for section, place in _MOVED.items() if name.startswith(section)), None):
            if not value:
                continue
            raise UnusableSettings(f"the environment has {name}, which is set in {moved} now; take the variable out")
        if name.startswith(PREFIX) and "__" in name and not name.startswith(tuple(known)):
            raise UnusableSettings(
                f"the environment has {name}, which is no setting of Aisle; sections are "
                f"{', '.join(sorted(known))} (see .env.example)"
            )
