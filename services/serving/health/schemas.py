"""What the health routes say, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"] = "live"


class Readiness(BaseModel):
    """The API can answer from the cache."""

    status: Literal["ready"] = "ready"
    generation: str = Field(description="The live generation")
    published_at: datetime
    user_lists: int
    item_lists: int
