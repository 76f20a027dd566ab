"""What an earlier version of Aisle called otherwise is renamed in place, with its rows, whenever `migrate` runs."""

from __future__ import annotations

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from aisle.warehouse import migrate

#: Table, the column's name in an earlier version, its name now.
COLUMNS = [
    ("ops.receipts", "leg", "stage"),
    ("ops.quality_results", "is_met", "has_passed"),
]
ROWS = {
    "ops.receipts": "insert into ops.receipts (run_key, stage, subject, seconds) values ('k', 'export', 'users', 1)",
    "ops.quality_results": (
        "insert into ops.quality_results (run_key, suite, severity, expectation, has_passed, check_id)"
        " values ('k', 'marts_items', 'stop', 'e', false, 'c')"
    ),
}


@pytest.mark.parametrize(("table", "old", "new"), COLUMNS)
def test_a_column_of_an_earlier_version_is_renamed_and_keeps_its_values(
    warehouse_url: str, table: str, old: str, new: str
) -> None:
    schema, name = table.split(".")
    columns = SQL("select {}::text from {}").format(Identifier(new), Identifier(schema, name))
    rename = SQL("alter table {} rename column {} to {}").format(
        Identifier(schema, name), Identifier(new), Identifier(old)
    )
    with psycopg.connect(warehouse_url, autocommit=True) as connection:
        connection.execute(ROWS[table].encode())
        written = connection.execute(columns).fetchall()
        connection.execute(rename)
        for _ in range(2):
            migrate(warehouse_url)
            assert connection.execute(columns).fetchall() == written != []
