"""How the simulated order API runs: `COMPANY_API_<FIELD>` in the environment, or the same as an option."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from aisle.settings import ProjectPath
from aisle.web_guard import Audience, names_of
from services.company_api.world.scales import ScaleName

PREFIX = "COMPANY_API_"
Shape = Literal["envelope", "list"]


class CompanyApiSettings(BaseSettings):
    """Typed and frozen; build once at start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    token: SecretStr = Field(min_length=1, description="Bearer token that every request but /health must carry")
    scale: ScaleName = Field("small", description="Size of the generated company: tiny, small or reference")
    seed: int = Field(7, ge=0, description="Seed of the generated company; the same seed gives the same bytes")
    spoilt: bool = Field(False, description="Let one generated order of each sort of mistake go out spoilt")
    orders: ProjectPath | None = Field(
        None, description="CSV or parquet file of real orders, instead of generated ones"
    )
    shape: Shape = Field("envelope", description="Answer when the request names none: envelope (with cursor) or list")
    page_cap: int | None = Field(None, ge=1, description="Serve at most this many orders a page and do not say so")
    faults: str = Field("[]", description="Faults to begin with, as POST /faults takes them (JSON list)")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8081, ge=1, le=65_535, description="Port to listen on")
    allowed_hosts: str = Field(
        "",
        description="Names by which it may be asked, comma-separated, besides localhost and IP addresses; * is any",
    )

    @model_validator(mode="after")
    def _refuse_spoiling_a_file(self) -> Self:
        if self.orders and self.spoilt:
            raise ValueError(f"orders of {self.orders} cannot be spoilt, only generated ones: leave out one of the two")
        return self

    @property
    def audience(self) -> Audience:
        return Audience(names_of(self.allowed_hosts))
