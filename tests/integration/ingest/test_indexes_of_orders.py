"""Which index a look-up in raw uses: by number to separate reused ids, by key for the orders of order items."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import ClientCursor

from aisle.warehouse import sql

N_ORDERS = 20_000
BY_NUMBER = ("company__orders_order_number", "company__rejects_order_number")
VALUES = {"source": "pos", "window_start": "2026-01-01"}

_ORDERS = """
insert into raw.company__orders (source, order_id, order_number, ordered_at, status, content_hash, run_key)
select source, n::text, n::text, '2026-01-01', 'completed', n::text, 'earlier'
from generate_series(1, %s) as n cross join unnest(array['pos', 'web']) as source
"""
_REJECTS = """
insert into raw.company__rejects (
    reject_id, source, order_id, order_number, n_lines, reason, detail, payload, archive_key, run_key
)
select source || n, source, n::text, n::text, 1, 'unknown_status', '', '', '', 'earlier'
from generate_series(1, %s) as n cross join unnest(array['pos', 'web']) as source
"""
_STAGED = """
insert into staged_orders (version, order_number, is_mapped, is_empty, content_hash, ordered_at)
select n, n::text, true, false, n::text, '2026-02-01' from generate_series(1, 20) as n
"""
#: What PostgreSQL asks for each order item that is written, to see that there is such an order.
_KEY_OF_ORDER_ITEMS = """
select 1 from only raw.company__orders as orders
where orders.source = 'pos' and orders.order_id = '7' for key share of orders
"""


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse_url) as connection:
        yield connection
        connection.rollback()


def fill(connection: psycopg.Connection) -> None:
    """Store many orders and rejects, and stage some orders of known numbers, as ingest does."""
    connection.execute(_ORDERS.encode(), (N_ORDERS,))
    connection.execute(_REJECTS.encode(), (N_ORDERS,))
    connection.execute("analyze raw.company__orders, raw.company__rejects")
    connection.execute(sql("raw/staged/create").encode())
    connection.execute(_STAGED.encode())


def plans(connection: psycopg.Connection) -> list[str]:
    """The plan of each statement that settles ids and creates a table, after those before it have run."""
    explained_plans = []
    cursor = ClientCursor(connection)
    for statement in sql("raw/order_ids/settle").split(";\n"):
        if "create temp table" in statement:
            explained_plans.append(explained(cursor, statement))
        cursor.execute(statement.encode(), VALUES)
    return explained_plans


def explained(cursor: psycopg.Cursor, statement: str) -> str:
    return "\n".join(row[0] for row in cursor.execute(f"explain {statement}".encode(), VALUES).fetchall())


def test_settling_ids_looks_orders_and_rejects_up_by_their_number(connection: psycopg.Connection) -> None:
    fill(connection)
    shared_numbers, _, known_orders, _ = plans(connection)
    for plan in (shared_numbers, known_orders):
        assert "Seq Scan on company__" not in plan
        assert [index for index in BY_NUMBER if index not in plan] == []


def test_the_order_of_an_order_item_is_looked_up_by_its_key_while_nothing_is_known_of_the_table(
    connection: psycopg.Connection,
) -> None:
    plan = explained(ClientCursor(connection), _KEY_OF_ORDER_ITEMS)
    assert "company__orders_pkey" in plan
    assert "company__orders_order_number" not in plan
