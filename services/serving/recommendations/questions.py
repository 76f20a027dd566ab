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
class Page:
    """Which part of a list is shown, and how."""

    limit: int
    offset: int = 0
    with_reasons: bool = False
