"""The warehouse's own tables, the role that reads for serving, and the cache of a dataset group."""

from __future__ import annotations

import psycopg
from psycopg.sql import Identifier, Literal

from aisle.contracts.recommendations import LIST_TABLES
from aisle.warehouse.connection import connect
from aisle.warehouse.lists import list_parts
from aisle.warehouse.statements import sql

#: In order: later statements may refer to earlier ones. Each can run again without harm.
MIGRATIONS = (
    "admin/create_schemas",
    "identity/customers/create",
    "identity/contacts/create",
    "identity/placeholders/create",
    "identity/phone_forms/create",
    "identity/phone_library/create",
    "identity/erasure_requests/create",
    "identity/erasures/create",
    "identity/erasure_certificates/create",
    "identity/personal_data/create",
    "raw/company__orders/create",
    "identity/records/create",
    "identity/record_contacts/create",
    "identity/order_records/create",
    "identity/links/create",
    "raw/company__order_items/create",
    "raw/company__product_spellings/create",
    "raw/company__order_changes/create",
    "raw/company__rejects/create",
    "raw/company__rejects/create_refusals",
    "raw/company__rejects/reject_impossible_dates",
    "identity/records/adopt",
    "raw/order_ids/create",
    "raw/exchange_rates/create",
    "identity/people/create",
    "ops/mart_builds/create",
    "ops/ingest_windows/create",
    "ops/vanished_orders/create",
    "ops/ingest_days/create",
    "ops/dropped_files/create",
    "events/outbox/create",
    "events/outbox/why_unsendable",
    "ops/receipts/create",
    "ops/exports/create",
    "ops/jobs/create",
    "ops/model_metrics/create",
    "ops/model_versions/create",
    "ops/model_evaluations/create",
    "ops/churn_models/create",
    "ops/churn_scores/create",
    "ops/quality_results/create",
    "ops/validations/create",
    "ops/interventions/create",
    "ops/volumes/create",
    "ops/refusals/create",
    "ops/status_words/create",
    "ops/source_fields/create",
    "ops/source_drift/create",
    "cache/schemas/create_functions",
)

#: The role with which the recommendations API reads; dbt/macros/readable_by_serving.sql names it too.
READER = "aisle_reader"
#: The schema of the first group's lists, and of the tables that all groups share.
CACHE_SCHEMA = "cache"


def migrate(url: str) -> None:
    """Bring the warehouse's own tables (all but dbt's) and the caches of all dataset groups to this version."""
    with connect(url) as connection:
        for name in MIGRATIONS:
            connection.execute(sql(name).encode())
        connection.execute(sql("cache/schemas/take_turns").encode())
        create_cache(connection, CACHE_SCHEMA)
        for (schema,) in connection.execute(sql("cache/schemas/list").encode()).fetchall():
            if schema != CACHE_SCHEMA:
                create_cache(connection, schema)
                connection.execute(sql("cache/schemas/share_with_readers").encode(), {"schema": schema})
        connection.execute(sql("cache/groups/create").encode())
        connection.execute(sql("admin/set_search_path").encode())
        connection.execute(sql("roles/create").encode())


def admit_reader(url: str, password: str) -> None:
    """Create the role that serving reads with, or change its password. The user of `url` may create roles."""
    with connect(url) as connection:
        parts = {"role_name": Literal(READER), "role": Identifier(READER), "password": Literal(password)}
        connection.execute(sql("admin/admit_reader", **parts).encode())


def create_cache(connection: psycopg.Connection, schema: str) -> None:
    """Create the schema and tables that a group's lists are published to, or bring them to this version."""
    cache = Identifier(schema)
    connection.execute(sql("cache/schemas/create", cache=cache).encode(), {})
    for table in LIST_TABLES.values():
        connection.execute(sql("cache/lists/create", cache=cache, **list_parts(table)).encode(), {})
    for name in ("cache/generations/create", "cache/rejected_records/create", "cache/popular_products/create"):
        connection.execute(sql(name, cache=cache).encode(), {})
