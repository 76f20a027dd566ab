"""Orders that the company API no longer returns are reported once, by the run that first misses them."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from aisle.quality.suites import SUITES, read_suite
from aisle.quality.validation import CheckResult, validate

VANISH = """
insert into ops.vanished_orders (source, order_id, ordered_at, run_key)
select source, order_id, ordered_at, %(run_key)s from raw.company__orders where order_id = any(%(order_ids)s)
"""


def checked(url: str, run_key: str) -> CheckResult:
    suite = read_suite(SUITES / "raw_vanished_orders.json")
    [validation] = validate([suite], url, run_key, datetime.now(UTC))
    [check] = validation.checks
    return check


def test_orders_that_vanished_are_noted_by_the_run_that_misses_them_and_by_no_later_one(good_world: str) -> None:
    with psycopg.connect(good_world) as connection:
        for run_key, order_ids in (("first", ["O1", "O2", "O4"]), ("second", ["O7"])):
            connection.execute(VANISH.encode(), {"run_key": run_key, "order_ids": order_ids})
    assert checked(good_world, "first").severity == "note"
    assert checked(good_world, "first").observed["partial_unexpected_list"] == [
        "source oe, orders no longer given 1, for one O1, first day 2024-01-01, last day 2024-01-01",
        "source pos, orders no longer given 2, for one O2, first day 2024-01-01, last day 2024-01-01",
    ]
    assert len(checked(good_world, "second").observed["partial_unexpected_list"]) == 1
    assert checked(good_world, "third").has_passed
