"""Settings of the program: `ENGINE_*` in the environment, or options of the command."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import PROJECT_ROOT, ProjectPath


class EngineSettings(BaseSettings):
    """The engine's address, data folder, speed and access."""

    model_config = SettingsConfigDict(env_prefix="ENGINE_", frozen=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8101, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    data_dir: ProjectPath = Field(
        PROJECT_ROOT / ".aisle" / "engine", description="Folder of the database, the datasets and the models"
    )
    step_seconds: float = Field(
        0, ge=0, description="Minimum seconds in each intermediate status; 0: as fast as the work"
    )
    quotas: Literal["service", "none"] = Field(
        "none", description="service: enforce the quotas that the service raises on request too, at their defaults"
    )
    auto_training: bool = Field(False, description="Train solutions with performAutoTraining on schedule")
    clock_speed: float = Field(1, gt=0, description="Seconds of these schedules that pass in one second")
    access_keys: SecretStr = Field(
        SecretStr(""), description="Access keys that calls must be signed with, as id:secret,id:secret; empty: no check"
    )
    allowed_hosts: str = Field(
        "",
        description="Host names that the engine answers to, comma-separated, besides localhost and IP addresses; "
        "* is any name, and needs access keys",
    )
    cors_origins: str = Field(
        "loopback",
        description="Origins whose pages may call from a browser, comma-separated; loopback is any origin of this "
        "machine. Other origins, and * for all, need access keys",
    )
    buckets: str = Field(
        "aisle",
        description="S3 buckets that jobs may read and write, comma-separated; * is all that the engine's keys allow",
    )
