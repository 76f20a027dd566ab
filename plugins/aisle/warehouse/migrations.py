"""The warehouse's own tables, the role that reads for serving, and the cache of a dataset group."""

from __future__ import annotations

import psycopg
from psycopg.sql import Identifier, Literal

from aisle.contracts.recommendations import LIST_TABLES
from aisle.warehouse.connection import connect
from aisle.warehouse.lists import list_parts
from aisle.warehouse.statements import sql

#: In order: later files may refer to earlier ones. Each can run again without harm.
MIGRATIONS = (
    "admin/create_schemas",
    "identity/customers/create",
    "identity/contacts/create",
    "identity/placeholders/create",
    "identity/erasure_requests/create",
    "identity/tombstones/create",
    "identity/personal_data/create",
    "raw/company__orders/create",
    "raw/company__order_items/create",
    "raw/company__product_spellings/create",
    "raw/company__rejects/create",
    "raw/company__rejects/create_refusals",
    "raw/company__rejects/reject_impossible_dates",
    "raw/order_ids/create",
    "ops/ingest_windows/create",
    "ops/vanished_orders/create",
    "ops/ingest_days/create",
    "events/outbox/create",
    "events/outbox/why_unsendable",
    "ops/receipts/create",
    "ops/exports/create",
    "ops/jobs/create",
    "ops/model_metrics/create",
    "ops/model_versions/create",
    "ops/model_evaluations/create",
    "ops/quality_results/create",
    "ops/interventions/create",
    "ops/volumes/create",
    "ops/refusals/create",
    "ops/status_words/create",
    "cache/schemas/create_functions",
)

#: Who reads for the recommendations API; dbt/macros/readable_by_serving.sql knows the name too.
READER = "aisle_reader"
#: The schema of the first group's lists, and of what all groups' share.
CACHE_SCHEMA = "cache"


def migrate(url: str) -> None:
    """Bring the warehouse's own tables (all but dbt's) to this version."""
    with connect(url) as connection:
        for name in MIGRATIONS:
            connection.execute(sql(name).encode())
        create_cache(connection, CACHE_SCHEMA)
        connection.execute(sql("cache/groups/create").encode())
        connection.execute(sql("admin/set_search_path").encode())


def admit_reader(url: str, password: str) -> None:
    """Make the role that serving reads with, or give it another password. The user of `url` may create roles."""
    with connect(url) as connection:
        parts = {"role_name": Literal(READER), "role": Identifier(READER), "password": Literal(password)}
        connection.execute(sql("admin/admit_reader", **parts).encode())


def create_cache(connection: psycopg.Connection, schema: str) -> None:
    """Make what a group's lists are published to, or bring it to this version."""
    cache = Identifier(schema)
    connection.execute(sql("cache/schemas/create", cache=cache).encode(), {})
    for table in LIST_TABLES.values():
        connection.execute(sql("cache/lists/create", cache=cache, **list_parts(table)).encode(), {})
    for name in ("cache/generations/create", "cache/rejected_lines/create", "cache/popular_products/create"):
        connection.execute(sql(name, cache=cache).encode(), {})
