"""A warehouse that is older than the limits is brought within them when its tables are made anew."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.warehouse import migrate


@pytest.mark.parametrize(
    "change",
    [
        "ordered_at = '1970-01-01T00:00:00Z'",
        "ordered_at = now() + interval '90 days'",
        "ordered_at = '0001-01-01T00:00:00Z'",
        "ordered_at = '4713-01-01T00:00:00Z BC'",
        "ordered_at = 'infinity'",
        "ordered_at = '-infinity'",
    ],
)
def test_an_order_of_a_time_that_cannot_be_becomes_a_reject(ingest: Any, company: Any, change: str) -> None:
    company.sell(4)
    ingest.run(24)
    before = ingest.items_accounted_for()
    ingest.execute(f"update raw.company__orders set {change} where order_id = 'A0001'")
    migrate(ingest.url)
    assert ingest.order_ids() == ["A0000", "A0002", "A0003"]
    rejects = "select order_id, order_number, reason, n_lines, ordered_at from raw.company__rejects"
    assert ingest.rows(rejects) == [("A0001", "A0001", "impossible_order_date", 2, None)]
    assert ingest.items_accounted_for() == before
    migrate(ingest.url)
    assert len(ingest.rows(rejects)) == 1
    ingest.backfill(0, 24)
    assert ingest.order_ids() == ["A0000", "A0001", "A0002", "A0003"]
    assert ingest.rows(rejects) == []


def test_the_tables_made_anew_change_nothing_that_is_within_the_limits(ingest: Any, company: Any) -> None:
    company.sell(4)
    ingest.run(24)
    written = ingest.everything()
    migrate(ingest.url)
    assert ingest.everything() == written


@pytest.mark.parametrize("table", ["company__orders", "company__rejects"])
@pytest.mark.parametrize("columns", ["source, order_number", "source, order_number, order_id", "order_number"])
def test_an_index_on_order_numbers_of_other_columns_is_built_again_once(
    warehouse_url: str, table: str, columns: str
) -> None:
    index = f"raw.{table}_order_number"
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(f"drop index {index}; create index {table}_order_number on raw.{table} ({columns})".encode())
    migrate(warehouse_url)
    definition, built = _index(warehouse_url, index)
    assert definition.endswith("(order_number, source)")
    migrate(warehouse_url)
    assert _index(warehouse_url, index) == (definition, built)


def _index(url: str, name: str) -> tuple[str, int]:
    """Return the definition of an index, and the number of its file, which changes when it is built again."""
    with psycopg.connect(url) as connection:
        query = "select pg_get_indexdef(%(name)s::regclass), pg_relation_filenode(%(name)s::regclass)"
        row = connection.execute(query.encode(), {"name": name}).fetchone()
    assert row
    return row[0], row[1]
