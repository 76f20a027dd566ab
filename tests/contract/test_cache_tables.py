"""The cache tables as the requirements spell them, before and after a generation was published."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.contracts.recommendations import SIMILAR_PRODUCTS, USER_RECOMMENDATIONS

REQUIRED = {
    USER_RECOMMENDATIONS: {
        "user_id": ("character varying", 255),
        "recommendations": ("jsonb", None),
        "updated_at": ("timestamp without time zone", None),
    },
    SIMILAR_PRODUCTS: {
        "product_id": ("character varying", 255),
        "similar_products": ("jsonb", None),
        "updated_at": ("timestamp without time zone", None),
    },
}


def rows(url: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode(), values).fetchall()


@pytest.mark.parametrize("table", REQUIRED)
def test_the_live_tables_are_those_of_the_requirements(warehouse_url: str, table: str) -> None:
    columns = rows(
        warehouse_url,
        "select column_name, data_type, character_maximum_length from information_schema.columns"
        " where table_schema = 'cache' and table_name = %s",
        table,
    )
    live = {name: (data_type, length) for name, data_type, length in columns}
    assert {name: live.get(name) for name in REQUIRED[table]} == REQUIRED[table]


@pytest.mark.parametrize("table", REQUIRED)
def test_the_primary_key_is_the_first_column(warehouse_url: str, table: str) -> None:
    key = rows(
        warehouse_url,
        "select column_name from information_schema.key_column_usage join information_schema.table_constraints"
        " using (constraint_schema, constraint_name) where constraint_type = 'PRIMARY KEY'"
        " and key_column_usage.table_schema = 'cache' and key_column_usage.table_name = %s",
        table,
    )
    assert key == [(next(iter(REQUIRED[table])),)]


@pytest.mark.parametrize("table", REQUIRED)
def test_the_table_is_found_without_its_schema(warehouse_url: str, table: str) -> None:
    assert rows(warehouse_url, f"select count(*) from {table}") == [(0,)]


def test_a_look_up_by_key_uses_the_index(warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            f"insert into {USER_RECOMMENDATIONS} select n::text, '[]', now(), 'engine', 'g'"
            " from generate_series(1, 5000) as n"
        )
        connection.execute(f"analyze {USER_RECOMMENDATIONS}".encode())
        plan = connection.execute(
            f"explain select recommendations from {USER_RECOMMENDATIONS} where user_id = '77'".encode()
        ).fetchall()
    assert "Index Scan" in plan[0][0]
