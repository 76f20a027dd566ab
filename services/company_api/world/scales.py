"""How large a generated company is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

ScaleName = Literal["tiny", "small", "reference"]

#: Orders lie in these two years, whatever today is: a seed means the same bytes tomorrow.
FIRST_DAY = datetime(2024, 7, 1, tzinfo=UTC)
DAYS = 730


@dataclass(frozen=True, slots=True)
class Scale:
    """Exact totals of a company, and how finely its tastes are divided."""

    customers: int
    orders: int
    order_items: int
    products: int
    categories: int
    styles: int
    segments: int


SCALES: dict[ScaleName, Scale] = {
    "tiny": Scale(150, 900, 5_400, 120, categories=8, styles=3, segments=4),
    "small": Scale(2_000, 12_000, 72_000, 600, categories=16, styles=4, segments=8),
    # The numbers of the platform that Aisle replaces.
    "reference": Scale(180_483, 234_959, 1_971_527, 4_182, categories=24, styles=5, segments=16),
}
