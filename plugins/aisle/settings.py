"""Aisle's behaviour, typed and frozen. `AISLE_<SECTION>__<FIELD>` in the environment overrides a default.

Secrets and endpoints of neighbours are Airflow connections (`warehouse`, `company_api`, `aws_default`), not settings;
what holds for one run only is a DAG param. A misspelt variable is refused at start instead of being ignored.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.errors import ConfigurationError

PREFIX = "AISLE_"
#: The project's own folder: where include/sql, dbt and expectations are.
PROJECT_ROOT = Path(__file__).resolve().parents[2]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Identity(_Section):
    """How a person becomes a customer."""

    hash_key: SecretStr = Field(SecretStr(""), description="Key of the hash that turns a person into a user id")
    phone_region: str = Field("PK", description="Region of phone numbers written without a country code (ISO 3166)")


class Ingest(_Section):
    """How orders are pulled."""

    start_at: datetime = Field(datetime(2024, 1, 1, tzinfo=UTC), description="Where the watermark begins")
    overlap_hours: int = Field(48, ge=0, description="How far behind the watermark every run looks again for edits")
    max_window_days: int = Field(31, ge=1, description="Longest window that one fetch may cover")
    page_orders: int = Field(1000, ge=1, description="Orders asked for per page")
    timeout_seconds: float = Field(30, gt=0, description="Time limit of one page")
    attempts: int = Field(5, ge=1, description="Tries of one page before the window fails")


class Transform(_Section):
    """How the marts are built."""

    runs_directory: Path = Field(PROJECT_ROOT / ".aisle" / "dbt", description="Artifacts of the newest dbt runs")


class Storage(_Section):
    """Where files go."""

    bucket: str = Field("aisle", description="S3 bucket of archives, exports and batch files")


class Personalize(_Section):
    """How Personalize, or the engine in its place, is asked."""

    dataset_group: str = Field("aisle", description="Name of the dataset group; names of its parts begin with it")
    role_arn: str = Field(
        "arn:aws:iam::000000000000:role/aisle-personalize", description="Role by which Personalize reads and writes S3"
    )
    with_items: bool = Field(True, description="Export and import the items dataset")
    with_users: bool = Field(True, description="Export and import the users dataset")
    poll_seconds: int = Field(30, ge=1, description="Time between two looks at a running job")


class Recommend(_Section):
    """What batch inference is asked for."""

    num_results: int = Field(25, ge=1, le=500, description="Length of each list")
    active_days: int | None = Field(
        None, ge=1, description="A user is active with a purchase this recent, counted from the newest one; none: all"
    )


class Publish(_Section):
    """When batch output may become the cache."""

    min_coverage: float = Field(0.98, ge=0, le=1, description="Smallest part of asked lines that must have an answer")


class Schedules(_Section):
    """When each DAG runs (cron, UTC; 'manual': by hand only). transform and publish follow their input."""

    ingest: str = "*/15 * * * *"
    export: str = "0 2 * * *"
    train: str = "0 3 * * 0"
    recommend: str = "0 */6 * * *"


class Docs(_Section):
    """Where the reports of a run are written for people to read."""

    directory: Path = Field(PROJECT_ROOT / ".aisle" / "site", description="Root of the static site of reports")


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
    publish: Publish = Publish()
    schedules: Schedules = Schedules()
    docs: Docs = Docs()


@cache
def get_settings() -> Settings:
    """The settings of this process. Raises ConfigurationError that names the variable at fault."""
    _refuse_unknown_sections()
    try:
        return Settings()
    except ValueError as error:
        raise ConfigurationError(f"settings are not usable: {error}") from error


def _refuse_unknown_sections() -> None:
    """pydantic checks fields of known sections only: a misspelt section would be silently ignored."""
    known = {f"{PREFIX}{section.upper()}__" for section in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and "__" in name and not name.startswith(tuple(known)):
            raise ConfigurationError(
                f"the environment has {name}, which is no setting of Aisle; sections are "
                f"{', '.join(sorted(known))} (see .env.example)"
            )
