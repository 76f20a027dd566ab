"""Cost: what the jobs of the last 30 days cost on Amazon Personalize, or would have, job by job and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from aisle.charts import Chart, Level, Point, trend
from aisle.contracts.prices import PriceList, read_price_list
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.ops.costs import Bill, Usage, bill, campaigns_cost
from aisle.settings import get_settings
from aisle.ui.groups import owner_of
from aisle.ui.reader import Reader
from aisle.ui.words import dollars
from personalize_kinds.endpoints import is_amazons

N_DAYS = 30
#: Rows of the ledger that are drawn; the sums are over all.
N_SHOWN = 40


@dataclass(frozen=True, slots=True)
class CachedGroup:
    """A group whose lists campaigns could give: one for each question that it is asked, while there was a cache."""

    name: str
    n_campaigns: int
    cache_days: float


@dataclass(frozen=True)
class RealTime:
    """Campaigns in the place of the caches, against what was spent on the same groups."""

    groups: tuple[CachedGroup, ...]
    batch: Bill
    campaigns: float | None

    @property
    def both_ways(self) -> float:
        """What has to be paid whether answers are made in batch or in real time."""
        return self.batch.by_kind["training"] + self.batch.by_kind["ingestion"]

    @property
    def saving(self) -> float | None:
        """The part of the real-time sum that batch saves; below 0 where batch costs more."""
        if not self.campaigns:
            return None
        return 1 - self.batch.total / (self.both_ways + self.campaigns)


@dataclass(frozen=True, slots=True)
class Standing:
    """Campaigns that no receipt tells the hours of: those of the file, and the canaries that were tried out."""

    n_campaigns: int
    usd_per_day: float | None
    n_canaries: int


@dataclass(frozen=True)
class Cost:
    """What `cost.html` draws. `groups` has the bill of each where there are several."""

    is_charged: bool
    bill: Bill
    groups: dict[str, Bill]
    prices: PriceList
    real_time: RealTime | None
    standing: Standing
    days: Chart | None
    n_days: int = N_DAYS
    n_shown: int = N_SHOWN


def read(reader: Reader) -> Cost:
    """Read the page from the receipts, the outbox, the environment's file and the price list."""
    prices, groups = read_price_list(get_settings().cost.price_list), dataset_groups()
    total = bill(_usages(reader, prices), prices)
    return Cost(
        is_charged=is_charged(),
        bill=total,
        groups=_by_group(total, [group.name for group in groups]),
        prices=prices,
        real_time=_real_time(reader, groups, total, prices),
        standing=_standing(reader, groups, prices),
        days=_days(total, prices.verified),
    )


def is_charged() -> bool:
    """Return whether the connection `aws_default` leads to Amazon; an endpoint of its own means the engine."""
    try:
        extra: dict[str, Any] = BaseHook.get_connection("aws_default").extra_dejson
    except AirflowNotFoundException:  # boto3 goes to Amazon by itself
        return True
    service = extra.get("service_config", {}).get("personalize", {})
    return is_amazons(service.get("endpoint_url") or extra.get("endpoint_url"))


def _usages(reader: Reader, prices: PriceList) -> list[Usage]:
    jobs = [Usage(**row, group=owner_of(row["subject"])) for row in reader.rows("ui/cost/usage", n_days=N_DAYS)]
    event_bytes = prices.assumptions.event_bytes
    return jobs + [_streamed(row, event_bytes) for row in reader.rows("ui/cost/events", n_days=N_DAYS)]


def _streamed(row: dict[str, Any], event_bytes: int) -> Usage:
    group, n_events = row["dataset_group"], row["n_events"]
    subject = "events" if group == dataset_groups()[0].name else f"{group}/events"
    return Usage(row["day"], "ingestion", group, subject, f"{n_events} events", n_events * event_bytes, False)


def _by_group(total: Bill, known: list[str]) -> dict[str, Bill]:
    """Return the bill of each group: those of the file in its order, then former ones. Empty if there is only one."""
    names = [*known, *(name for name in total.groups if name not in known)]
    return {name: total.of([name]) for name in names} if len(names) > 1 else {}


def _real_time(reader: Reader, groups: tuple[DatasetGroup, ...], total: Bill, prices: PriceList) -> RealTime | None:
    """Return what campaigns would cost in place of the caches; None if nothing was published."""
    days = {row["schema_name"]: _cache_days(row["days"]) for row in reader.rows("ui/cost/span", n_days=N_DAYS)}
    cached = tuple(
        CachedGroup(group.name, len(group.questions), days[group.cache_schema])
        for group in groups
        if group.cache_schema in days and group.questions
    )
    if not cached:
        return None
    campaign_days = sum(group.n_campaigns * group.cache_days for group in cached)
    cost = campaigns_cost(campaign_days * prices.assumptions.campaign_tps, prices)
    return RealTime(cached, total.of([group.name for group in cached]), cost)


def _cache_days(days: Decimal) -> float:
    """Return for how many days there has been a cache; at least as long as its lists are valid."""
    return max(float(days), get_settings().publish.cache_ttl / timedelta(days=1))


def _standing(reader: Reader, groups: tuple[DatasetGroup, ...], prices: PriceList) -> Standing:
    solutions = [solution for group in groups for solution in group.solutions.values()]
    campaigns = [campaign for solution in solutions for campaign in solution.campaigns.values()]
    per_day = campaigns_cost(sum(campaign.min_provisioned_tps for campaign in campaigns), prices)
    tried = reader.row("ui/cost/canaries", n_days=N_DAYS)
    return Standing(len(campaigns), per_day, tried["n_canaries"] if tried else 0)


def _days(total: Bill, is_verified: bool) -> Chart | None:
    today = datetime.now(UTC).date()
    days = [today - timedelta(days=back) for back in reversed(range(N_DAYS))]
    spent: Level = "good" if is_verified else "busy"
    sums = [(day, total.by_day.get(day, 0.0)) for day in days]
    values: list[Point] = [(usd, spent if usd else "idle", f"{day}: {dollars(usd)}") for day, usd in sums]
    return trend(values, f"dollars per day, the last {N_DAYS} days", n_places=N_DAYS)
