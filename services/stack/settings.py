"""Settings of the embedded stack: `STACK_<FIELD>` in the environment. One setting replaces each part."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import PROJECT_ROOT, ProjectPath, in_project, unusable_settings

#: Instead of an endpoint: Amazon's own, found by boto3 from the region.
AWS = "aws"
PREFIX = "STACK_"


def _check_file(path: Path) -> Path:
    if not path.is_file():
        raise ValueError(f"{path} {'is a folder' if path.is_dir() else 'does not exist'}; name a file")
    return path


def _check_url(url: str) -> str:
    if url and not url.startswith(("http://", "https://")):
        raise ValueError("no URL; begin it with http:// or https://")
    return url


def _check_endpoint(url: str) -> str:
    return url if url == AWS else _check_url(url)


def _check_postgres_url(url: str) -> str:
    if url and not url.startswith(("postgresql://", "postgres://")):
        raise ValueError("no URL of a PostgreSQL server; write postgresql://user:password@host:port/database")
    return url


ProjectFile = Annotated[ProjectPath, AfterValidator(_check_file)]
Url = Annotated[str, AfterValidator(_check_url)]
Endpoint = Annotated[str, AfterValidator(_check_endpoint)]
PostgresUrl = Annotated[str, AfterValidator(_check_postgres_url)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class StackSettings(BaseSettings):
    """The stack's home, replaced parts, and ports."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    root: ProjectPath = Field(PROJECT_ROOT / ".aisle", description="Folder of everything that the stack writes")

    postgres_url: PostgresUrl = Field(
        "", description="URL of your own PostgreSQL (may create databases and roles); empty: embedded"
    )
    s3_endpoint_url: Endpoint = Field("", description="Your own S3 server, or 'aws'; empty: an embedded one in memory")
    personalize_endpoint_url: Endpoint = Field("", description="Another engine, or 'aws'; empty: Aisle's engine")
    company_api_url: Url = Field("", description="Your own order API; empty: the simulator")
    company_api_token: str = Field("", description="Token of your own order API")

    airflow_port: Port = Field(8080, description="Airflow's UI and API (0: a free port)")
    serving_port: Port = Field(8000, description="Recommendations API")
    reports_port: Port = Field(8001, description="dbt docs and Data Docs")
    engine_port: Port = Field(8002, description="Engine")
    company_api_port: Port = Field(8003, description="Company API")
    s3_port: Port = Field(8004, description="S3")
    postgres_port: Port = Field(0, description="Embedded PostgreSQL (0: a free one)")

    parallelism: int = Field(4, ge=1, description="Airflow tasks at a time, of each scheduler")
    schedulers: int = Field(1, ge=1, description="Airflow schedulers that share the work")
    pools_file: ProjectFile = Field(
        PROJECT_ROOT / "include" / "airflow" / "pools.json", description="Airflow's pools and how many slots each has"
    )

    @model_validator(mode="after")
    def _refuse_a_port_for_two(self) -> Self:
        owners: dict[int, str] = {}
        for name in (name for name in type(self).model_fields if name.endswith("_port")):
            port: int = getattr(self, name)
            if port and (owner := owners.setdefault(port, name)) != name:
                raise ValueError(f"{PREFIX}{owner.upper()} and {PREFIX}{name.upper()} are both {port}; change one")
        return self

    @property
    def home(self) -> Path:
        """One home per set of orders, so that generated and real orders never share a warehouse."""
        return self.root / world_name()


def stack_settings() -> StackSettings:
    """Return the settings of this process. Raises UnusableSettings with each wrong variable."""
    try:
        return StackSettings()
    except ValueError as error:
        raise unusable_settings("the stack", PREFIX, error) from error


def is_world_chosen() -> bool:
    """Whether the environment names the orders."""
    return bool(os.environ.get("COMPANY_API_ORDERS") or os.environ.get("COMPANY_API_SCALE") or _is_spoilt())


def world_name() -> str:
    """Short name of the orders that the company API serves: 'small', 'reference', or the file's own."""
    orders = os.environ.get("COMPANY_API_ORDERS", "")
    if not orders:
        return (os.environ.get("COMPANY_API_SCALE") or "small") + ("-spoilt" if _is_spoilt() else "")
    path = in_project(orders).resolve()
    return f"{path.stem[:40]}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"


def _is_spoilt() -> bool:
    return os.environ.get("COMPANY_API_SPOILT", "") not in ("", "0", "false")
