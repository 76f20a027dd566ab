"""Settings of the reports site: `REPORTS_<FIELD>` in the environment."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import ProjectPath
from aisle.web_guard import Audience, names_of


class ReportsSettings(BaseSettings):
    """Settings of the site: address, content, access."""

    model_config = SettingsConfigDict(env_prefix="REPORTS_", frozen=True, env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8001, ge=0, le=65_535, description="Port to listen on")
    allowed_hosts: str = Field(
        "",
        description="Names by which it may be asked, comma-separated, besides localhost and IP addresses; * is any",
    )
    directory: ProjectPath = Field(description="Folder of the reports")
    password: SecretStr = Field(min_length=1, description="What a reader logs in with, as user `admin`")

    @property
    def audience(self) -> Audience:
        return Audience(names_of(self.allowed_hosts))
