"""Cost: what the jobs of the last 30 days cost on Amazon Personalize, or would have, job by job and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aisle.contracts.prices import PriceList, read_price_list
from aisle.costs import Bill, Usage, bill, campaigns_cost
from aisle.publish.ranking import score_kind
from aisle.settings import get_settings
from aisle.ui.cache import TIME_TO_LIVE
from aisle.ui.plots import Bars, bars
from aisle.ui.reader import Reader
from aisle.ui.words import dollars

N_DAYS = 30
N_ROWS = 2000
#: Rows of the ledger that are drawn; the sums are over all.
N_SHOWN = 40


@dataclass(frozen=True)
class Cost:
    """What `cost.html` draws. `campaigns` is what answering in real time would have cost in `cache_days`."""

    is_charged: bool
    bill: Bill
    prices: PriceList
    campaigns: float | None
    cache_days: float
    days: Bars
    n_days: int = N_DAYS
    n_shown: int = N_SHOWN

    @property
    def both_ways(self) -> float:
        """What has to be paid whether answers are made in batch or in real time."""
        return self.bill.by_kind["training"] + self.bill.by_kind["ingestion"]

    @property
    def saving(self) -> float | None:
        """The part of the real-time sum that batch saves; below 0 where batch costs more."""
        if self.campaigns is None:
            return None
        return 1 - self.bill.total / (self.both_ways + self.campaigns)


def read(reader: Reader) -> Cost:
    """The page, from the receipts, the outbox and the price list."""
    prices = read_price_list(get_settings().cost.price_list)
    total = bill(_usages(reader, prices), prices)
    cache_days = _cache_days(reader)
    return Cost(
        is_charged=is_charged(),
        bill=total,
        prices=prices,
        campaigns=campaigns_cost(cache_days, prices) if cache_days else None,
        cache_days=cache_days,
        days=_days(total),
    )


def is_charged() -> bool:
    """Whether the connection `aws_default` leads to Amazon; an endpoint of its own means the engine."""
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        extra: dict[str, Any] = BaseHook.get_connection("aws_default").extra_dejson
    except AirflowNotFoundException:  # boto3 goes to Amazon by itself
        return True
    service = extra.get("service_config", {}).get("personalize", {})
    return score_kind(service.get("endpoint_url") or extra.get("endpoint_url")) == "personalize"


def _usages(reader: Reader, prices: PriceList) -> list[Usage]:
    jobs = [Usage(**row) for row in reader.rows("ui/cost_usage", n_days=N_DAYS, n_rows=N_ROWS)]
    event_bytes = prices.assumptions.event_bytes
    streamed = [
        Usage(row["day"], "ingestion", "events", f"{row['n_events']} events", row["n_events"] * event_bytes, False)
        for row in reader.rows("ui/cost_events", n_days=N_DAYS)
    ]
    return jobs + streamed


def _cache_days(reader: Reader) -> float:
    """How long there has been a cache; one that was just published counts for as long as its lists hold."""
    row = reader.row("ui/cost_span", n_days=N_DAYS)
    return max(float(row["days"]), TIME_TO_LIVE / timedelta(days=1)) if row else 0.0


def _days(total: Bill) -> Bars:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(N_DAYS))]
    sums = [(day, total.by_day.get(day, 0.0)) for day in days]
    values = [(usd, "good" if usd else "idle", f"{day}: {dollars(usd)}") for day, usd in sums]
    return bars(values, f"dollars per day, the last {N_DAYS} days", n_places=N_DAYS)  # type: ignore[arg-type]
