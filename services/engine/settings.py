"""Settings of the program: `ENGINE_*` in the environment, or options of the command."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import PROJECT_ROOT, ProjectPath


class EngineSettings(BaseSettings):
    """Where the engine listens, where it keeps its data, and how slowly it moves."""

    model_config = SettingsConfigDict(env_prefix="ENGINE_", frozen=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8101, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    data_dir: ProjectPath = Field(
        PROJECT_ROOT / ".aisle" / "engine", description="Folder of the database, the datasets and the models"
    )
    step_seconds: float = Field(0, ge=0, description="Least time in each intermediate status; 0 is as fast as the work")
    quotas: Literal["service", "none"] = Field(
        "none", description="Whether the quotas that the service raises on request hold here too, at its defaults"
    )
    auto_training: bool = Field(False, description="Whether solutions with performAutoTraining are trained on schedule")
    clock_speed: float = Field(1, gt=0, description="Seconds of those schedules that pass in one second")
    access_keys: SecretStr = Field(
        SecretStr(""), description="Who may call, as id:secret,id:secret; empty lets everybody and checks no signature"
    )
    allowed_hosts: str = Field(
        "",
        description="Names by which the engine may be called, comma-separated, besides localhost and IP addresses; "
        "* is any, and needs access keys",
    )
    cors_origins: str = Field(
        "loopback",
        description="Origins whose pages may call from a browser, comma-separated; loopback is any of this machine. "
        "Others, and * for all, need access keys",
    )
    buckets: str = Field(
        "aisle",
        description="S3 buckets that jobs may read and write, comma-separated; * is all that its keys may",
    )
