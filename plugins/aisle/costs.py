"""What the line's jobs cost on Amazon Personalize: what was used, times the price list.

Nothing here asks Amazon: usage comes from the receipts of the legs. Where the engine stands in for Personalize the same
sum is what was saved. A job that was skipped because it could change nothing costs nothing; what it would have cost is
told apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from aisle.contracts.prices import PriceList

Kind = Literal["training", "batch", "ingestion"]
KINDS: tuple[Kind, ...] = ("training", "batch", "ingestion")

HOURS_PER_DAY = 24


@dataclass(frozen=True)
class Usage:
    """One job's use of one thing that has a price. Without a quantity nobody recorded how much it was."""

    day: date
    kind: Kind
    subject: str
    run_key: str
    quantity: float | None
    was_skipped: bool


@dataclass(frozen=True)
class Charge:
    """One line of the ledger. `usd` is None where the quantity or the price is not known."""

    usage: Usage
    usd: float | None


@dataclass(frozen=True)
class Bill:
    """A ledger and its sums, in dollars."""

    charges: tuple[Charge, ...]
    by_kind: dict[Kind, float]
    by_day: dict[date, float]
    total: float
    spared: float
    n_unknown: int


def bill(usages: Iterable[Usage], prices: PriceList) -> Bill:
    """Price every use, oldest first, because a tier is reached by what came before it.

    `spared` is what the skipped jobs would have added on top.
    """
    charges = tuple(_charges(sorted(usages, key=lambda usage: (usage.day, usage.run_key)), prices))
    done = [charge for charge in charges if not charge.usage.was_skipped]
    by_kind: dict[Kind, float] = dict.fromkeys(KINDS, 0.0)
    by_day: dict[date, float] = defaultdict(float)
    for charge in done:
        by_kind[charge.usage.kind] += charge.usd or 0.0
        by_day[charge.usage.day] += charge.usd or 0.0
    return Bill(
        charges=charges,
        by_kind=by_kind,
        by_day=dict(by_day),
        total=sum(by_kind.values()),
        spared=sum(charge.usd or 0.0 for charge in charges if charge.usage.was_skipped),
        n_unknown=sum(1 for charge in done if charge.usd is None),
    )


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


def campaigns_cost(days: float, prices: PriceList) -> float | None:
    """What campaigns in the place of the cache would have cost in that time, at their provisioned rate.

    A campaign is charged for every hour that it is there, asked or not: above its provisioned rate it costs more.
    """
    assumed = prices.assumptions
    return prices.prices.campaign.cost(days * HOURS_PER_DAY * assumed.campaigns * assumed.campaign_tps)
