"""What of the embedded stack can be set: `STACK_<FIELD>` in the environment. Each part is replaced by one setting."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import Field, FilePath
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import PROJECT_ROOT

#: Instead of an endpoint: Amazon's own, found by boto3 from the region.
AWS = "aws"


class StackSettings(BaseSettings):
    """Where the stack lives, which parts are somebody else's, and which ports the others take."""

    model_config = SettingsConfigDict(env_prefix="STACK_", frozen=True, env_ignore_empty=True)

    root: Path = Field(PROJECT_ROOT / ".aisle", description="Folder of everything that the stack writes")

    postgres_url: str = Field(
        "", description="URL of your own PostgreSQL (may create databases and roles); empty: embedded"
    )
    s3_endpoint_url: str = Field("", description="Your own S3 server, or 'aws'; empty: the embedded one, in memory")
    personalize_endpoint_url: str = Field("", description="Another engine, or 'aws'; empty: Aisle's engine")
    company_api_url: str = Field("", description="Your own order API; empty: the simulator")
    company_api_token: str = Field("", description="Token of your own order API")

    airflow_port: int = Field(8080, description="Airflow's UI and API (a port that is taken: a free one)")
    serving_port: int = Field(8000, description="Recommendations API")
    reports_port: int = Field(8001, description="dbt docs and Data Docs")
    engine_port: int = Field(8002, description="Engine")
    company_api_port: int = Field(8003, description="Company API")
    s3_port: int = Field(8004, description="S3")
    postgres_port: int = Field(0, description="Embedded PostgreSQL (0: a free one)")

    parallelism: int = Field(4, ge=1, description="Airflow tasks at a time, of each scheduler")
    schedulers: int = Field(1, ge=1, description="Airflow schedulers that share the work")
    pools_file: FilePath = Field(
        PROJECT_ROOT / "include" / "airflow" / "pools.json", description="Airflow's pools and how many slots each has"
    )

    @property
    def home(self) -> Path:
        """One home per set of orders, so that generated and real orders never share a warehouse."""
        return self.root / world_name()


def world_name() -> str:
    """Short name of the orders that the company API serves: 'small', 'reference', or the file's own."""
    orders = os.environ.get("COMPANY_API_ORDERS", "")
    if not orders:
        spoilt = "-spoilt" if os.environ.get("COMPANY_API_SPOILT", "") not in ("", "0", "false") else ""
        return (os.environ.get("COMPANY_API_SCALE") or "small") + spoilt
    path = Path(orders).resolve()
    return f"{path.stem[:40]}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
