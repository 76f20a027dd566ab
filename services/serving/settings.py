"""Settings of the serving API: `SERVING_<FIELD>` in the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from aisle.web_guard import Audience, names_of

PREFIX = "SERVING_"
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class ServingSettings(BaseSettings):
    """Everything the API can be told."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, env_ignore_empty=True)

    database_url: SecretStr = Field(description="libpq URL of the warehouse")
    api_key_hashes: Annotated[tuple[Sha256Hex, ...], NoDecode] = Field(
        min_length=1, description="sha256 of each accepted API key, in hex, separated by commas"
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on")
    port: int = Field(default=8000, ge=0, le=65535, description="Port to listen on")
    allowed_hosts: str = Field(
        default="",
        description="Names by which it may be asked, comma-separated, besides localhost and IP addresses; * is any",
    )
    allowed_origins: str = Field(
        default="", description="Origins whose web pages may ask it, comma-separated; empty: none"
    )
    cache_ttl_hours: float = Field(default=6, gt=0, description="Older lists are served and flagged as stale")
    pool_size: int = Field(default=8, ge=1, description="Most connections to the warehouse at a time")
    wait_seconds: float = Field(default=2, gt=0, description="Longest wait for a connection before answering 503")

    @field_validator("api_key_hashes", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_variables(cls, values: Any) -> Any:
        """pydantic looks for known names only: a misspelt one would be silently ignored."""
        known = {PREFIX + name.upper() for name in cls.model_fields}
        if unknown := sorted(name for name in os.environ if name.startswith(PREFIX) and name.upper() not in known):
            raise ValueError(f"the environment has {', '.join(unknown)}, which is none of {', '.join(sorted(known))}")
        return values

    @property
    def audience(self) -> Audience:
        return Audience(names_of(self.allowed_hosts), names_of(self.allowed_origins))

    @property
    def cache_ttl(self) -> timedelta:
        return timedelta(hours=self.cache_ttl_hours)
