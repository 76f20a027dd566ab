"""What the shop page is asked and says, field by field."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from aisle.contracts.limits import LONGEST_ID
from aisle.shop import Metadata, Mode, Source

_LONGEST_LIST = 50


def _blank_to_null(value: Any) -> Any:
    return (value.strip() or None) if isinstance(value, str) else value


#: NUL cannot be stored, so no value has it.
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$")]
Word = Annotated[
    Annotated[str, StringConstraints(max_length=100, pattern=r"^[^\x00]+$")] | None, BeforeValidator(_blank_to_null)
]
Years = Annotated[Annotated[int, Field(ge=0, le=130)] | None, BeforeValidator(_blank_to_null)]


class ShopMetadata(BaseModel):
    """Facts about the customer; a blank is null, and all of them may be."""

    model_config = ConfigDict(extra="forbid")

    age: Years = Field(None, description="In years")
    gender: Word = None
    city: Word = None
    province: Word = None

    @property
    def facts(self) -> Metadata:
        return Metadata(**self.model_dump())


class ShopQuestion(BaseModel):
    """One selection: `products` takes exactly five products, `metadata` the customer's facts, `both` takes both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"mode": "products", "product_ids": ["22423", "85123A", "47566", "85099B", "84879"]},
                {"mode": "metadata", "metadata": {"age": 34, "city": "Lahore"}},
            ]
        },
    )

    mode: Mode
    product_ids: list[AnyId] = Field([], max_length=_LONGEST_LIST, description="Exactly five, each once")
    metadata: ShopMetadata = ShopMetadata()


class AcceptedRequest(BaseModel):
    """A request that is being answered."""

    request_id: str = Field(description="Also the user id of the request's anonymous customer")
    status: Literal["accepted"] = "accepted"
    url: str = Field(description="Where the answer will be: 202 until it is there, then 200")


class ShopProduct(BaseModel):
    """A product as the page shows it."""

    item_id: str
    name: str | None
    category: str | None
    price: float | None = Field(description="Per unit, in the newest order with it")


class RecommendedProduct(ShopProduct):
    """One place of the answer."""

    score: float = Field(description="From 0 to 1; of a campaign, its own score")
    reason: str | None = Field(description="Why it is there, as the lists and orders have it")


class ShopResult(BaseModel):
    """The answer to one request."""

    request_id: str
    status: Literal["done"] = "done"
    mode: Mode
    beta: bool = Field(description="Whether answers of this mode may be inconsistent: all but `products`")
    source: Source = Field(
        description="`campaign`: the recommender. `similar_items`: what is similar to the five products. "
        "`popular_in_region`, `popular`: what is ordered most. `similar_items_and_popular`: half of each"
    )
    place: str | None = Field(description="Whose orders say what is popular; null for the whole shop")
    generation: str | None = Field(description="Published generation of the similar items")
    items: list[RecommendedProduct]
    accepted_at: datetime
    seconds: float = Field(ge=0, description="From accepting the request to storing its answer")


class Carousel(BaseModel):
    """Products to choose from, the most ordered first."""

    products: list[ShopProduct]


class Place(BaseModel):
    """A city or province with customers."""

    kind: Literal["city", "province"]
    name: str


class Places(BaseModel):
    """Where customers live, the most populous places first."""

    places: list[Place]


class ShopEvent(BaseModel):
    """What a visitor saw of an answer, or did."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"event_type": "click", "item_id": "85123A"}]}
    )

    event_type: Literal["initial_impression", "scroll_impression", "click"] = Field(
        description="`initial_impression`: the answer was shown, as a whole. `scroll_impression`: one of its products "
        "has come into view. `click`: on one of them"
    )
    item_id: AnyId | None = Field(None, description="The product, unless all are meant")


class EventOutcome(BaseModel):
    """What became of an event."""

    is_processed: bool
    reason: str | None = Field(description="Why it was skipped; null if it was not")
