"""What is asked of a list, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Region:
    """A city or a province that orders name."""

    kind: str
    key: str  # as the marts know it
    name: str  # as most orders spell it


@dataclass(frozen=True)
class Filters:
    """What items must be. `in_stock_days`: sold so recently that they count as in stock; orders tell no more."""

    category: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    in_stock_days: int | None = None
    region: Region | None = None

    @property
    def are_any(self) -> bool:
        """Whether anything is filtered at all."""
        return self != Filters()

    @property
    def of_products(self) -> dict[str, Any]:
        """The values of a statement that filters by what products are."""
        return {
            "category": self.category,
            "min_price": self.min_price,
            "max_price": self.max_price,
            "in_stock_days": self.in_stock_days,
        }


@dataclass(frozen=True)
class Wishes:
    """What the order of a list takes into account besides the list: where and when, and objectives from 0 to 1."""

    device: str | None = None
    hour: int | None = None  # of the day, UTC
    near: Region | None = None
    revenue: float = 0.0
    satisfaction: float = 0.0

    @property
    def are_any(self) -> bool:
        """Whether anything is taken into account at all."""
        return self != Wishes()

    @property
    def need_reactions(self) -> bool:
        """Whether the reactions of users to the items have to be known."""
        return self.device is not None or self.hour is not None or self.satisfaction > 0


@dataclass(frozen=True)
class Page:
    """Which part of a list is shown, and how."""

    limit: int
    offset: int = 0
    with_reasons: bool = False
