"""The checks of a boundary read each table at most three times, whatever the number of suites and checks."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from aisle.quality.suites import suites_of
from aisle.quality.validation import validate
from tests.waiting import wait_for

MOST_SCANS = 3
#: Looks at the first row of a batch, as Great Expectations has before it checks it, are no scans.
FEW_ROWS = 10


def rows_read(url: str) -> dict[str, int]:
    """How many rows of each table were read, by every session that has ended."""
    alone = (
        "select count(*) = 1 from pg_stat_activity where datname = current_database() "
        "and backend_type = 'client backend'"
    )
    counted = (
        "select schemaname || '.' || relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) "
        "from pg_stat_user_tables"
    )
    with psycopg.connect(url, autocommit=True) as connection:
        wait_for(lambda: connection.execute(alone).fetchone() == (True,), "the other sessions to end and to be counted")
        return dict(connection.execute(counted.encode()).fetchall())


@pytest.mark.parametrize("boundary", ["raw", "marts"])
def test_checks_read_no_table_more_than_three_times(good_world: str, boundary: str) -> None:
    before = rows_read(good_world)
    validate(suites_of(boundary), good_world, "counted", datetime.now(UTC))
    after = rows_read(good_world)
    tables = {suite.table for suite in suites_of(boundary) if not suite.table.startswith("ops.")}
    with psycopg.connect(good_world) as connection:
        rows = {table: connection.execute(f"select count(*) from {table}".encode()).fetchone() for table in tables}
    read = {table: after[table] - before.get(table, 0) for table, (n_rows,) in rows.items() if n_rows}
    assert len(read) >= 2
    assert all(FEW_ROWS < read[table] <= MOST_SCANS * rows[table][0] + FEW_ROWS for table in read), (read, rows)
