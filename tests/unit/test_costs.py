"""Usage times prices."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aisle.contracts.prices import PRICE_LIST, Price, PriceList, Tier, read_price_list
from aisle.errors import ConfigurationError
from aisle.ops.costs import Kind, Usage, bill, campaigns_cost

TIERED = Price("recommendations", 1000, [Tier(0.067, 20_000_000), Tier(0.058, 200_000_000), Tier(0.05)])


def usage(kind: Kind, quantity: float | None, *, day: int = 1, group: str = "shop", was_skipped: bool = False) -> Usage:
    return Usage(date(2026, 11, day), kind, group, "users", f"run-{day}", quantity, was_skipped)


@pytest.fixture
def prices() -> PriceList:
    return read_price_list()


def test_a_tier_holds_for_what_lies_in_it() -> None:
    assert TIERED.cost(1_000_000) == pytest.approx(67)
    assert TIERED.cost(30_000_000) == pytest.approx(20_000 * 0.067 + 10_000 * 0.058)
    assert TIERED.cost(300_000_000) == pytest.approx(20_000 * 0.067 + 180_000 * 0.058 + 100_000 * 0.05)


def test_what_was_used_before_has_filled_its_tier() -> None:
    assert TIERED.cost(10_000_000, used_before=15_000_000) == pytest.approx(5_000 * 0.067 + 5_000 * 0.058)


def test_a_quantity_without_a_price_has_an_unknown_cost() -> None:
    assert Price("bytes", 1, []).cost(10) is None


def test_sums_are_by_kind_and_by_day(prices: PriceList) -> None:
    total = bill([usage("training", 2), usage("batch", 100_000), usage("batch", 50_000, day=2)], prices)
    assert total.by_kind == {"training": 0.48, "batch": pytest.approx(10.05), "ingestion": 0.0}
    assert total.by_day == {date(2026, 11, 1): pytest.approx(7.18), date(2026, 11, 2): pytest.approx(3.35)}
    assert total.total == pytest.approx(10.53)


def test_a_skipped_job_is_spared_and_not_charged(prices: PriceList) -> None:
    total = bill([usage("batch", 1000), usage("batch", 1000, was_skipped=True)], prices)
    assert (total.total, total.spared) == (pytest.approx(0.067), pytest.approx(0.067))


def test_a_skipped_job_fills_no_tier(prices: PriceList) -> None:
    total = bill([usage("batch", 20_000_000, was_skipped=True), usage("batch", 1000, day=2)], prices)
    assert total.total == pytest.approx(0.067)


def test_a_job_that_recorded_no_quantity_is_reported_and_not_taken_for_free(prices: PriceList) -> None:
    total = bill([usage("training", None)], prices)
    assert (total.n_unknown, total.charges[0].usd) == (1, None)


def test_campaigns_are_charged_for_every_hour(prices: PriceList) -> None:
    assert campaigns_cost(30, prices) == pytest.approx(30 * 24 * 0.20)


def test_the_share_of_a_group_is_the_cost_of_its_records_within_the_whole(prices: PriceList) -> None:
    """Tiers are reached together: the second group's lists cost less because the first's were before them."""
    total = bill([usage("batch", 20_000_000), usage("batch", 10_000_000, day=2, group="north")], prices)
    assert total.groups == ["north", "shop"]
    assert total.of(["north"]).total == pytest.approx(10_000 * 0.058)
    assert total.of(["shop"]).total + total.of(["north"]).total == pytest.approx(total.total)
    assert total.of(["nowhere"]).charges == ()


def test_the_list_that_comes_with_aisle_says_that_nobody_verified_it(prices: PriceList) -> None:
    assert not prices.verified
    assert prices.as_of
    assert prices.source


@pytest.mark.parametrize(
    ("change", "named"),
    [("per = 1000", "per = 'many'"), ("[prices.training]", "[prices.trainings]"), ("currency", "currncy")],
)
def test_a_list_that_cannot_be_used_is_refused_by_name(tmp_path: Path, change: str, named: str) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(PRICE_LIST.read_text().replace(change, named, 1))
    with pytest.raises(ConfigurationError, match=r"prices\.toml"):
        read_price_list(path)
