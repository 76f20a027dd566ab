"""Rejects are watched like orders: by source, by reason, and by the unknown word."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from aisle.errors import GateStopped
from aisle.quality import volumes
from aisle.quality.gate import check_boundary

#: The good world has 100 orders of each source, three order items each, in the first 17 hours of 2024.
WINDOW = """
insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state, finished_at)
values ('{source}', '{start}', '{end}', '{run}', 'scheduled', 'proven', clock_timestamp())
"""
REJECT = """
insert into raw.company__rejects (
    reject_id, source, order_id, ordered_at, line_number, n_lines, reason, detail, payload, archive_key, run_key,
    status
)
select
    '{run} {source} {reason} {first}' || nth, '{source}', {order_id}, {ordered_at}, {line_number}, {n_lines},
    '{reason}', 'x', '', 'x', '{run}', '{status}'
from generate_series(1, {times}) as nth
"""


class Raw:
    """The raw boundary of the good world."""

    def __init__(self, url: str, site: Path) -> None:
        self.url, self.site = url, site

    def do(self, statement: str) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def window(self, source: str, run: str, start: str = "2024-01-01", end: str = "2024-01-02") -> None:
        self.do(WINDOW.format(source=source, run=run, start=start, end=end))

    def refuse(
        self, source: str, reason: str, times: int, run: str = "one", status: str = "fulfilled", **given: str
    ) -> None:
        values = {
            "order_id": "'R' || nth", "ordered_at": "timestamptz '2024-01-01 12:00+00'", "line_number": "null",
            "n_lines": "3", "first": "", **given,
        }  # fmt: skip
        self.do(REJECT.format(source=source, reason=reason, times=times, run=run, status=status, **values))

    def gate(self, run_key: str) -> dict[str, str]:
        """What is noted, with what was found."""
        result = check_boundary("raw", self.url, run_key, self.site)
        return {
            check.check: "; ".join(check.observed.get("partial_unexpected_list", [])) for check in result.failed("note")
        }

    def stopped(self, run_key: str) -> str:
        with pytest.raises(GateStopped) as stop:
            self.gate(run_key)
        return str(stop.value)


@pytest.fixture
def raw(good_world: str, tmp_path: Path) -> Raw:
    return Raw(good_world, tmp_path)


def test_a_source_that_is_refused_whole_stops_and_is_named_with_its_reason(raw: Raw) -> None:
    raw.window("web", "one")
    raw.refuse("web", "malformed_order", 300)
    message = raw.stopped("g1")
    assert "raw_refusals.refusals_are_few" in message
    assert "source web, reason malformed_order, orders 300, order items 900, share 1.0, stop above 0.25" in message
    assert "AISLE_REFUSAL__STOP_ABOVE" in message
    assert "`backfill`" in message
    assert "`accept`" in message


def test_new_versions_that_are_refused_count_though_their_older_ones_stay(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.do("""
        insert into raw.company__rejects
        select 'r' || order_id, 'pos', order_id, ordered_at, null, 3, 'unknown_status', 'x', '', 'x', 'one'
        from raw.company__orders where source = 'pos' and substr(order_id, 2)::int <= 120
    """)
    assert "reason unknown_status, orders 60, order items 180, share 0.6" in raw.stopped("g1")


def test_order_items_that_are_refused_count_without_their_orders(raw: Raw) -> None:
    raw.window("oe", "one")
    raw.refuse("oe", "negative_price", 200, order_id="'O' || (2 * nth - 1)", line_number="1", n_lines="1")
    assert "source oe, reason negative_price, orders 0, order items 200, share 0.4" in raw.stopped("g1")


def test_a_part_is_noted_and_passes(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "missing_order_id", 10, order_id="null")
    raw.refuse("pos", "malformed_order", 3)
    noted = raw.gate("g1")
    assert "reason any reason, orders 13, order items 39, share 0.115" in noted["refusals_are_rare"]
    assert "reason missing_order_id, orders 10" in noted["refusals_are_rare"]
    assert "malformed_order" not in noted["refusals_are_rare"]


def test_reasons_that_are_small_each_stop_together(raw: Raw) -> None:
    raw.window("pos", "one")
    for reason in ("negative_price", "missing_quantity", "missing_price"):
        raw.refuse("pos", reason, 15, order_id=f"'{reason}' || nth")
    message = raw.stopped("g1")
    assert "reason any reason, orders 45" in message
    assert "reason missing_price" not in message


def test_a_few_order_items_are_too_few_to_stop_for(raw: Raw) -> None:
    raw.window("web", "one")
    raw.refuse("web", "malformed_order", 6)
    assert "source web, reason any reason, orders 6" in raw.gate("g1")["refusals_are_rare"]


def test_orders_without_a_moment_belong_to_the_run_that_brought_them(raw: Raw) -> None:
    raw.window("pos", "two")
    raw.refuse("pos", "malformed_order", 100, run="two", ordered_at="null", order_id="null")
    raw.refuse("pos", "malformed_order", 500, run="years ago", ordered_at="null", order_id="null")
    assert "orders 100, order items 300, share 0.5" in raw.stopped("g1")


def test_what_was_refused_before_the_last_good_gate_is_not_counted_again(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "malformed_order", 20)
    assert "refusals_are_rare" in raw.gate("g1")
    raw.window("pos", "two", "2024-01-02", "2024-01-03")
    assert raw.gate("g2") == {}


def test_a_stop_holds_until_the_orders_are_repaired(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "malformed_order", 100)
    raw.stopped("g1")
    raw.window("pos", "two", "2024-01-02", "2024-01-03")
    raw.stopped("g2")
    raw.window("pos", "backfill")
    raw.do("delete from raw.company__rejects")
    assert raw.gate("g3") == {}


def test_a_new_status_word_is_named_with_the_moment_it_first_came(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "unknown_status", 3)
    raw.refuse("pos", "unknown_status", 1, status="on hold", first="h")
    noted = raw.gate("g1")["status_words_are_mapped"]
    assert "source pos, status fulfilled, orders refused 3, first seen utc 20" in noted
    assert "status on hold, orders refused 1" in noted


def test_a_status_word_keeps_the_moment_at_which_it_first_came(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "unknown_status", 3)
    raw.gate("g1")
    raw.do("update ops.status_words set first_seen_at = '2024-01-01 06:00+00'")
    raw.refuse("pos", "unknown_status", 2, first="later", order_id="'L' || nth")
    assert "orders refused 5, first seen utc 2024-01-01 06:00" in raw.gate("g2")["status_words_are_mapped"]


def test_a_status_word_that_rejects_nothing_any_more_is_not_named(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "unknown_status", 3)
    raw.gate("g1")
    raw.do("delete from raw.company__rejects")
    assert raw.gate("g2") == {}


def test_a_refused_order_that_has_no_status_names_none(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "unknown_status", 1, status="")
    raw.refuse("pos", "malformed_order", 1, first="m")
    assert "status_words_are_mapped" not in raw.gate("g1")


def test_a_status_word_with_terminal_codes_is_named_without_them(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "unknown_status", 1, status="\x1b]8;;https://example.com\x07done")
    check = raw.gate("g1")["status_words_are_mapped"]
    assert "done, orders refused 1" in check
    assert check.isprintable()


def test_refusals_that_a_person_accepts_are_not_counted_again(raw: Raw) -> None:
    raw.window("pos", "one")
    raw.refuse("pos", "malformed_order", 100)
    raw.stopped("g1")
    with psycopg.connect(raw.url) as connection:
        volumes.accept(connection, "raw", "accepted")
    assert raw.gate("g1") == {}
    raw.window("pos", "two", "2024-01-02", "2024-01-03")
    raw.refuse("pos", "malformed_order", 100, run="two", ordered_at="timestamptz '2024-01-02 12:00+00'", first="n")
    assert "orders 100" in raw.stopped("g2")
