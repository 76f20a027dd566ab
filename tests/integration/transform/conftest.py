"""A company small enough to reckon by hand, in the raw tables, and the marts that dbt makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

Rows = list[dict[str, Any]]


class Company:
    """The raw tables of one warehouse, filled by hand, and what a build makes of them."""

    def __init__(self, url: str, run_folder: Path) -> None:
        self.url = url
        self.run_folder = run_folder

    def ordered(self, order_id: str, *items: dict[str, Any], **order: Any) -> None:
        """Store one order with its items; columns that are not given have a plain value."""
        given = {"source": "oe", "ordered_at": "2024-03-01T10:00Z", "status": "completed", "user_id": "ann", **order}
        given |= {"order_id": order_id, "order_number": order_id, "content_hash": "hash", "run_key": "test"}
        with psycopg.connect(self.url) as connection:
            _insert(connection, "raw.company__orders", given)
            for number, item in enumerate(items, start=1):
                key = {"source": given["source"], "order_id": order_id, "line_number": number}
                key["product_key"] = str(item["product_id"]).strip().upper()
                _spell(connection, {**key, **item})
                _insert(connection, "raw.company__order_items", {"quantity": 1, "unit_price": 5, **key, **item})

    def build(self, *, is_full: bool = False) -> Any:
        """Build the marts; return what was computed, as the project does."""
        from aisle.stages.transform import project

        return project.build(self.url, self.run_folder, is_full=is_full)

    def rows(self, query: str) -> Rows:
        """What a query gives, each row as a dictionary."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode()).fetchall()


def _insert(connection: psycopg.Connection[Any], table: str, row: dict[str, Any]) -> None:
    columns, places = ", ".join(row), ", ".join(f"%({name})s" for name in row)
    connection.execute(f"insert into {table} ({columns}) values ({places})".encode(), row)


def _spell(connection: psycopg.Connection[Any], item: dict[str, Any]) -> None:
    spelling = {"product_key": item["product_key"], "product_id": item["product_id"].strip()}
    connection.execute(
        b"insert into raw.company__product_spellings values (%(product_key)s, %(product_id)s) on conflict do nothing",
        spelling,
    )


@pytest.fixture
def company(warehouse_url: str, tmp_path: Path) -> Company:
    """A company without orders."""
    return Company(warehouse_url, tmp_path / "dbt")


@pytest.fixture(scope="session")
def small_company(
    postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """The marts of a company with every kind of order, built once; for reading only."""
    with lasting_company("small", postgres, _warehouse_template, tmp_path_factory) as company:
        fill(company.ordered)
        company.build()
        yield company


@pytest.fixture(scope="session")
def empty_company(
    postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """The marts of a company that never sold anything, built once."""
    with lasting_company("empty", postgres, _warehouse_template, tmp_path_factory) as company:
        company.build()
        yield company


@contextmanager
def lasting_company(
    name: str, postgres: Any, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Company]:
    """A company without orders, in a database that several tests share."""
    database = f"warehouse_of_{name}_company"
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"create database {database} template {template}".encode())
    yield Company(postgres.url(database), tmp_path_factory.mktemp(name))
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"drop database {database} with (force)".encode())


def fill(ordered: Callable[..., None]) -> None:
    """One order of each kind that ever gave trouble."""
    mug = {"product_id": "MUG", "product_name": "MUG", "category": "kitchen|garden"}
    ordered(
        "1",
        {**mug, "quantity": 2},
        {**mug, "quantity": 3, "product_id": " mug ", "unit_price": 7},
        {"product_id": "POST", "quantity": 1, "unit_price": 9},
        {"product_id": "CUP", "product_name": "gift", "unit_price": 0},
        city="Lahore",
        province="Punjab",
    )
    ordered("2", {**mug, "product_name": "BLUE MUG"}, ordered_at="2024-03-02T10:00Z", total_amount=50)
    ordered(
        "C1", {**mug, "quantity": -2, "product_name": "damaged"}, status="cancelled", ordered_at="2024-03-03T10:00Z"
    )
    ordered("3", {**mug, "quantity": 4}, status="pending", user_id="ben")
    ordered("1", {"product_id": "CUP"}, source="pos", user_id=None, city="Multan")
    ordered("4", {"product_id": "POST", "unit_price": 9}, user_id="posty", city="Karachi|Saddar")
    ordered("5", user_id="empty")
    ordered("C2", {"product_id": "PAN", "product_name": "PAN", "quantity": -1}, status="cancelled", user_id="cara")
    ordered("6", *({"product_id": "TOY", "unit_price": 1} for _ in range(20)), user_id="dan", city="Karachi|Saddar")
    ordered("7", {"product_id": "TOY", "quantity": 900}, {"product_id": "TOY", "unit_price": 800}, user_id="dan")
