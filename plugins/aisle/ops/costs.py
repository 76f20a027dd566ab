"""Costs of the pipeline's jobs on Amazon Personalize: usage times prices.

Nothing here asks Amazon: usage comes from the receipts of the stages. If the engine replaces Personalize, the same sum
is what was saved. A skipped job costs nothing; what it would have cost is stated apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from aisle.contracts.prices import PriceList

Kind = Literal["training", "batch", "ingestion"]
KINDS: tuple[Kind, ...] = ("training", "batch", "ingestion")

HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Usage:
    """A job's usage of one priced thing. Without a quantity the usage was not recorded."""

    day: date
    kind: Kind
    group: str
    subject: str
    run_key: str
    quantity: float | None
    was_skipped: bool


@dataclass(frozen=True)
class Charge:
    """One charge of the ledger. `usd` is None where the quantity or the price is not known."""

    usage: Usage
    usd: float | None


@dataclass(frozen=True)
class Bill:
    """A ledger. All its sums are in dollars."""

    charges: tuple[Charge, ...]

    @cached_property
    def by_kind(self) -> dict[Kind, float]:
        return {kind: sum(charge.usd or 0.0 for charge in self._done if charge.usage.kind == kind) for kind in KINDS}

    @cached_property
    def by_day(self) -> dict[date, float]:
        sums: dict[date, float] = defaultdict(float)
        for charge in self._done:
            sums[charge.usage.day] += charge.usd or 0.0
        return dict(sums)

    @property
    def total(self) -> float:
        return sum(self.by_kind.values())

    @property
    def spared(self) -> float:
        """What the skipped jobs would have cost."""
        return sum(charge.usd or 0.0 for charge in self.charges if charge.usage.was_skipped)

    @property
    def n_unknown(self) -> int:
        """The number of jobs that ran and have no known cost."""
        return sum(1 for charge in self._done if charge.usd is None)

    @property
    def groups(self) -> list[str]:
        """The dataset groups with a charge in it."""
        return sorted({charge.usage.group for charge in self.charges})

    def of(self, groups: Collection[str]) -> Bill:
        """Return the part of some groups. Every charge keeps its amount: all groups together reach a tier."""
        return Bill(tuple(charge for charge in self.charges if charge.usage.group in groups))

    @property
    def _done(self) -> list[Charge]:
        return [charge for charge in self.charges if not charge.usage.was_skipped]


def bill(usages: Iterable[Usage], prices: PriceList) -> Bill:
    """Price every use, oldest first, because a tier is reached by what came before it."""
    return Bill(tuple(_charges(sorted(usages, key=lambda usage: (usage.day, usage.run_key)), prices)))


def _charges(usages: Iterable[Usage], prices: PriceList) -> Iterable[Charge]:
    used: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
    for usage in usages:
        if usage.quantity is None:
            yield Charge(usage, None)
            continue
        price = getattr(prices.prices, usage.kind)
        yield Charge(usage, price.cost(usage.quantity, used[usage.kind]))
        if not usage.was_skipped:
            used[usage.kind] += usage.quantity


def campaigns_cost(tps_days: float, prices: PriceList) -> float | None:
    """Return the cost of campaigns at their provisioned rate: one request per second for one day is one TPS-day.

    A campaign is charged for every hour that it is there, asked or not: above its provisioned rate it costs more.
    """
    return prices.prices.campaign.cost(tps_days * HOURS_PER_DAY)
