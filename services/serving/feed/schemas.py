"""What the routes of the current user are asked and say, field by field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from aisle.contracts.limits import LONGEST_ID
from services.serving.interactions.schemas import Properties

Algorithm = Literal["collaborative", "content", "hybrid"]
InteractionType = Literal["view", "like", "comment", "share", "click", "ai_usage"]

#: Most recommendations that may be asked for at once.
MAX_TOP_K = 50


def _text_of_number(value: object) -> object:
    """Whole numbers are ids, too."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


#: NUL cannot be stored.
ContentId = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$"), BeforeValidator(_text_of_number)
]
Label = Annotated[str, StringConstraints(max_length=64, pattern=r"^[^\x00]*$")]


class RecommendedContent(BaseModel):
    """One recommendation."""

    content_id: str = Field(examples=["123"])
    score: float = Field(ge=0, le=1, description="Share of the list's best score; the best has 1", examples=[0.95])
    algorithm: Algorithm = Field(examples=["hybrid"])


class RecommendedContents(BaseModel):
    """Recommendations of one algorithm, best first."""

    recommendations: list[RecommendedContent]
    algorithm: Algorithm = Field(examples=["hybrid"])
    total_count: int = Field(ge=0, description="Number of `recommendations`", examples=[10])


_INTERACTION: dict[str, Any] = {
    "interaction_type": "view", "content_id": "123", "content_type": "post", "platform": "web",
    "metadata": {"duration": 30, "source": "homepage"},
}  # fmt: skip
_FEEDBACK: dict[str, Any] = {"content_id": "123", "is_clicked": True, "is_dismissed": False}


class Interaction(BaseModel):
    """What the current user did to a piece of content."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_INTERACTION]})

    interaction_type: InteractionType
    content_id: ContentId
    content_type: Label = Field(default="", description="Such as post or article")
    platform: Label = Field(default="", description="Such as web or ios")
    metadata: Properties = Field(default={}, description="Anything else, at most 8,192 bytes of JSON")


class LoggedInteraction(Interaction):
    """An interaction as it was stored."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_INTERACTION | {"interaction_id": "5d41402abc4b2a76b9719d911017c592"}]}
    )

    interaction_id: str = Field(description="The same for the same `X-Request-ID` of the same user")


class Feedback(BaseModel):
    """What the current user made of a recommendation."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_FEEDBACK]})

    content_id: ContentId
    is_clicked: bool = False
    is_dismissed: bool = False


class GivenFeedback(Feedback):
    """The feedback, and the algorithm that it counts for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_FEEDBACK | {"algorithm": "hybrid"}]})

    algorithm: Algorithm


class Stats(BaseModel):
    """What the current user was recommended, and did."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "total_recommendations": 50, "clicked_recommendations": 15, "dismissed_recommendations": 5,
                    "click_through_rate": 0.3, "total_interactions": 200, "latest_churn_risk": 0.23,
                }
            ]
        }
    )  # fmt: skip

    total_recommendations: int = Field(ge=0, description="Items that the user was shown; of each list, each once")
    clicked_recommendations: int = Field(ge=0)
    dismissed_recommendations: int = Field(ge=0)
    click_through_rate: float | None = Field(
        ge=0, le=1, description="Clicked of all recommendations; null if there was none"
    )
    total_interactions: int = Field(ge=0)
    latest_churn_risk: float | None = Field(ge=0, le=1, description="Null as long as there is no prediction")
