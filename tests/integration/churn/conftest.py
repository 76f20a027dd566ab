"""A company whose customers come at their own pace and leave one after the other, in marts that dbt has built."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest

from aisle.stages.transform import project
from services.migrations import upgrade

FIRST_DAY = datetime(2024, 1, 1, 12, tzinfo=UTC)
N_DAYS, N_CUSTOMERS, SEED = 560, 500, 12


def purchases(seed: int = SEED) -> list[tuple[str, datetime]]:
    """Days on which customers purchase: each comes, purchases at a pace of their own, and leaves at some time."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(N_CUSTOMERS):
        pace = random.gamma(2, 20) + 6
        day = random.uniform(0, 420)
        leaves_on = day + random.exponential(250)
        while day < min(leaves_on, N_DAYS):
            rows.append((f"customer-{number}", FIRST_DAY + timedelta(days=int(day))))
            day += random.gamma(3, pace / 3)
    return rows


def order(url: str, rows: list[tuple[str, datetime]]) -> None:
    """Put orders of one or two products into the raw tables."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        columns = "source, order_id, order_number, ordered_at, status, user_id, content_hash, run_key"
        with cursor.copy(f"copy raw.company__orders ({columns}) from stdin".encode()) as copy:
            for number, (user_id, ordered_at) in enumerate(rows):
                copy.write_row(("oe", f"o{number}", f"o{number}", ordered_at, "completed", user_id, "hash", "test"))
        cursor.execute(
            "insert into raw.company__order_items"
            " (source, order_id, line_number, product_id, product_key, category, quantity, unit_price)"
            " select source, order_id, item, 'P' || (hashtext(order_id) & 31) + item, 'P' || (hashtext(order_id) & 31)"
            " + item, 'C' || (hashtext(order_id) & 3), 1 + item, 5 + (hashtext(user_id) & 15)"
            " from raw.company__orders cross join generate_series(1, 2) as item"
        )
        cursor.execute(
            "insert into raw.company__product_spellings"
            " select distinct product_key, product_key from raw.company__order_items"
        )


def build_features(url: str, run_folder: Path) -> None:
    """Let dbt build the models of schema `features`, and what they stand on, without its tests."""
    select = ("--select", "+path:models/marts/features", "--exclude-resource-type", "test", "unit_test")
    project._dbt("build", *select, warehouse=url, run_folder=run_folder)


@pytest.fixture(scope="session")
def _churning_template(
    postgres: Any, _warehouse_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Name of a database with the marts of the company, built once."""
    database = "churning_company"
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"create database {database} template {_warehouse_template}".encode())
    url = postgres.url(database)
    upgrade(url)
    order(url, purchases())
    build_features(url, tmp_path_factory.mktemp(database))
    yield database
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"drop database {database} with (force)".encode())


@pytest.fixture
def churning(postgres: Any, _churning_template: str, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a warehouse of its own with the company's marts, which is the Airflow connection `warehouse`."""
    database = psycopg.conninfo.conninfo_to_dict(warehouse_url)["dbname"]
    with psycopg.connect(postgres.url(), autocommit=True) as admin:
        admin.execute(f"drop database {database} with (force)".encode())
        admin.execute(f"create database {database} template {_churning_template}".encode())
    return warehouse_url
