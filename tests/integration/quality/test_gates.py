"""A gate keeps what it found, and only then lets pass, notes, or stops."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.errors import ContractBroken, GateStopped
from aisle.quality.gate import BoundaryResult, check_boundary
from aisle.quality.suites import BOUNDARIES, EXPECTATIONS_ROOT, suites_of

RUN_KEY = "20240301T0600"


def change(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def stored(url: str) -> dict[tuple[str, str], Any]:
    """What `ops.quality_results` holds: has_passed by suite and check."""
    with psycopg.connect(url) as connection:
        rows = connection.execute("select suite, check_id, has_passed from ops.quality_results").fetchall()
    return {(suite, check): has_passed for suite, check, has_passed in rows}


def everything_written(url: str, site: Path) -> str:
    """All text that a run leaves behind: stored results and pages."""
    with psycopg.connect(url) as connection:
        results = connection.execute(
            "select string_agg(quality_results::text, ' ') from ops.quality_results"
        ).fetchone()
    assert results is not None
    return str(results[0]) + "".join(page.read_text() for page in site.rglob("*.html"))


def stopped(boundary: str, url: str, site: Path) -> str:
    """The message with which the gate stops."""
    with pytest.raises(GateStopped) as stop:
        check_boundary(boundary, url, RUN_KEY, site)
    return str(stop.value)


@pytest.mark.parametrize("boundary", BOUNDARIES)
def test_good_data_passes_and_every_check_is_stored(good_world: str, tmp_path: Path, boundary: str) -> None:
    result = check_boundary(boundary, good_world, RUN_KEY, tmp_path)
    assert result.n_passed == len(result.checks) > 0
    assert set(stored(good_world)) == {(suite.name, check) for suite in suites_of(boundary) for check in suite.checks}
    assert all(stored(good_world).values())


def test_a_failed_stop_suite_stops_after_all_suites_ran_and_were_stored(good_world: str, tmp_path: Path) -> None:
    # An early suite of the boundary fails, and so does a later one; those between and after are not to be left out.
    change(good_world, "update personalize.interactions set event_type = 'refund' where item_id = 'P1'")
    change(good_world, "update personalize.users set age = 999 where user_id = md5('1')")
    message = stopped("marts", good_world, tmp_path)
    n_checks = sum(len(suite.checks) for suite in suites_of("marts"))
    assert f"2 of {n_checks} expectations" in message
    assert (
        "marts_interactions.event_type_is_known (expect_column_values_to_be_in_set of event_type in "
        "personalize.interactions: The event type is one that the export declares): 21 of 1200 unexpected, "
        "such as 'refund'"
    ) in message
    assert "marts_users.age_is_possible" in message
    assert str(tmp_path / "quality" / "index.html") in message
    assert "marts_users (analytics engineering): Find the person in core.customers" in message
    assert set(stored(good_world)) == {(suite.name, check) for suite in suites_of("marts") for check in suite.checks}
    assert [key for key, has_passed in stored(good_world).items() if not has_passed] == [
        ("marts_interactions", "event_type_is_known"),
        ("marts_users", "age_is_possible"),
    ]


def test_a_failed_note_suite_is_logged_and_passes(
    good_world: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(good_world, "update raw.company__order_items set quantity = 80995")
    with caplog.at_level(logging.WARNING, "aisle"):
        result = check_boundary("raw", good_world, RUN_KEY, tmp_path)
    assert [check.check for check in result.failed("note")] == ["quantity_is_usual", "items_add_up_to_totals"]
    assert "raw_order_items_outliers.quantity_is_usual" in caplog.text
    assert stored(good_world)[("raw_order_items_outliers", "quantity_is_usual")] is False


def test_a_check_that_cannot_be_evaluated_has_failed(good_world: str, tmp_path: Path) -> None:
    change(good_world, "alter table personalize.items drop column price")
    message = stopped("marts", good_world, tmp_path)
    assert "marts_items.price_is_possible" in message
    assert "could not be evaluated" in message
    assert '"price"' in message


def test_a_missing_table_is_named_together_with_what_to_do(warehouse_url: str, tmp_path: Path) -> None:
    with pytest.raises(ContractBroken, match=r"personalize\.interactions.*run the stage that writes it") as broken:
        check_boundary("marts", warehouse_url, RUN_KEY, tmp_path)
    assert "raw." not in str(broken.value)


def test_private_values_are_counted_but_written_nowhere(
    good_world: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(good_world, "update personalize.users set location = 'Lahore, 03001234567' where user_id = md5('1')")
    message = stopped("marts", good_world, tmp_path)
    assert "marts_users_privacy.location_has_no_phone" in message
    assert "1 of 60 unexpected" in message
    assert "03001234567" not in message + caplog.text + everything_written(good_world, tmp_path)


def test_user_ids_are_written_nowhere(good_world: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    change(good_world, "insert into personalize.users select * from personalize.users where user_id = md5('1')")
    change(good_world, "update raw.company__orders set user_id = repeat('a1b2', 65) where order_id = 'O1'")
    with caplog.at_level(logging.INFO):
        message = stopped("marts", good_world, tmp_path) + stopped("raw", good_world, tmp_path)
    assert "marts_users.user_id_is_unique" in message
    assert "raw_orders.user_id_length" in message
    written = message + caplog.text + everything_written(good_world, tmp_path)
    assert "c4ca4238a0b923820dcc509a6f75849b" not in written
    assert "a1b2a1b2" not in written


def test_a_repeated_run_replaces_what_its_first_try_found(good_world: str, tmp_path: Path) -> None:
    change(good_world, "update raw.company__orders set status = 'shipped' where order_id = 'O1'")
    stopped("raw", good_world, tmp_path)
    assert stored(good_world)[("raw_orders", "status_is_known")] is False
    change(good_world, "update raw.company__orders set status = 'completed' where order_id = 'O1'")
    result = check_boundary("raw", good_world, RUN_KEY, tmp_path)
    assert all(stored(good_world).values())
    assert len(stored(good_world)) == len(result.checks)


def test_results_carry_counts_and_columns(good_world: str, tmp_path: Path) -> None:
    change(good_world, "update raw.company__orders set status = 'shipped' where order_id in ('O1', 'O2')")
    stopped("raw", good_world, tmp_path)
    with psycopg.connect(good_world) as connection:
        row = connection.execute(
            "select run_key, severity, expectation, column_name, n_unexpected, observed ->> 'element_count' "
            "from ops.quality_results where suite = 'raw_orders' and check_id = 'status_is_known'"
        ).fetchone()
    assert row == (RUN_KEY, "stop", "expect_column_values_to_be_in_set", "status", 2, "200")


def test_two_gates_may_run_at_the_same_time_and_touch_no_suite(good_world: str, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in EXPECTATIONS_ROOT.rglob("*")}
    program = (
        "import sys; from pathlib import Path; from aisle.quality.gate import check_boundary; "
        "check_boundary(sys.argv[1], sys.argv[2], 'together', Path(sys.argv[3]))"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, boundary, good_world, str(tmp_path)])
        for boundary in ("raw", "batch_output")
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    index = (tmp_path / "quality" / "index.html").read_text()
    for suite in [*suites_of("raw"), *suites_of("batch_output")]:
        assert f'href="{suite.name}/together.html"' in index
    assert {path: path.stat().st_mtime_ns for path in EXPECTATIONS_ROOT.rglob("*")} == before


def test_an_empty_result_has_met_nothing() -> None:
    assert BoundaryResult("raw", RUN_KEY, ()).n_passed == 0


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize(
    ("table", "column", "finding"),
    [
        ("interactions", "event_value", "marts_interactions.event_value_is_positive"),
        ("items", "price", "marts_items.price_is_possible"),
    ],
)
def test_a_number_that_json_does_not_know_stops_with_the_finding_and_is_stored(
    good_world: str, tmp_path: Path, number: str, table: str, column: str, finding: str
) -> None:
    change(good_world, f"update personalize.{table} set {column} = '{number}' where item_id = 'P7'")
    with pytest.raises(GateStopped) as stop:
        check_boundary("marts", good_world, RUN_KEY, tmp_path)
    assert finding in str(stop.value)
    suite, check = finding.split(".")
    assert stored(good_world)[suite, check] is False


def test_a_product_that_is_held_back_is_named_without_its_text_and_stops_nothing(
    good_world: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    change(
        good_world,
        """
        insert into core.held_back_items values
            ('BOSCH', 'product_name', 'a phone number', '5e3eb9c1f2a4'),
            ('ann@example.com', 'item_id', 'an e-mail address', '0d7f2b5c8e91')
        """,
    )
    with caplog.at_level(logging.WARNING, "aisle"):
        result = check_boundary("marts", good_world, RUN_KEY, tmp_path)
    assert [check.check for check in result.failed("note")] == ["products_are_not_held_back"]
    finding = "item BOSCH, in column product_name, seems to hold a phone number, accept as 5e3eb9c1f2a4"
    assert finding in caplog.text
    assert finding in (tmp_path / "quality" / "marts_held_back_items" / f"{RUN_KEY}.html").read_text()
    assert "dbt/seeds/accepted_texts.csv" in caplog.text
    assert "ann@example.com" not in caplog.text + everything_written(good_world, tmp_path)


def test_a_place_that_is_held_back_is_counted_without_its_text_and_stops_nothing(
    good_world: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    users = "(md5('7'), md5('8'))"
    change(good_world, f"update core.customers set place_seems_to_hold = 'a phone number' where user_id in {users}")
    result = check_boundary("marts", good_world, RUN_KEY, tmp_path)
    assert [check.check for check in result.failed("note")] == ["places_hold_no_contacts"]
    assert "customers 2, place seems to hold a phone number" in caplog.text


def test_a_held_back_product_that_is_exported_nevertheless_stops(good_world: str, tmp_path: Path) -> None:
    change(good_world, "insert into core.held_back_items values ('P7', 'product_name', 'a phone number', 'x')")
    message = stopped("marts", good_world, tmp_path)
    assert "marts_items_privacy.held_back_items_are_absent" in message
    assert "marts_interactions_privacy.held_back_items_are_absent" in message
