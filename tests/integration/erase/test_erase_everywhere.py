"""No table keeps a person: one is written into every column that can hold text, forgotten, and looked for.

What may still tell of the person after that is declared in IMPERSONAL, column by column. A new table or column is in
neither the registry of erasure nor this list, and fails here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Composable, Identifier, Literal

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.rows import forget
from aisle.stages.transform import project
from aisle.warehouse import create_cache, sql
from services.migrations.upgrade import upgrade

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
USER_IDS = HASHER.hashes("pos", Customer(phone="0300-1234567", email="a@b.pk")).known
STRANGER = "f" * 32
#: Two rows of a table, which its key may distinguish.
TEXTS = [f"{n}. user {USER_IDS[0]}, call 0300 1234567 or write to a@b.pk" for n in ("first", "second")]
#: The parts of the texts that identify the person.
TRACES = (*USER_IDS, "0300 1234567", "a@b.pk")

#: What one dataset group's cache keeps about products and generations.
CACHE = {
    "offline_user_recommendations": "generation score_kind recommendations",
    "offline_similar_items": "product_id generation score_kind similar_products",
    "popular_products": "product_id generation",
    "generations": "generation solution_versions state",
}
ORDER = "source order_id order_number brand city province status payment_mode"
EVENT = "event_id source session_id recommendation_id request_id weights_version"
ITEM = "source order_id product_id product_name brand category"
#: Columns by table that hold no person: keys, names, states and figures that Aisle or Personalize writes, hashes that
#: lead nowhere, and what orders say of products, places and payment, each of which many people share.
IMPERSONAL = {
    "raw.company__orders": f"{ORDER} content_hash doubts refused_reason run_key",
    "raw.company__order_items": f"{ITEM} product_key",
    "raw.company__order_changes": "source order_id reason",
    "raw.company__product_spellings": "product_id product_key",
    "raw.company__rejects": "reject_id archive_key order_id order_number reason run_key source",
    "identity.contacts": "contact_hash kind",  # a contact that two people share stays the other's
    "identity.customers": "name phone email address",
    "identity.erasure_requests": "request_id removed_rows",
    "identity.erasure_certificates": "request_id run_key asked_by user_hashes searched",
    "identity.order_records": "source order_id record_id",  # goes with the record
    "identity.record_contacts": "record_id kind contact_hash",  # goes with the record
    "identity.records": "record_id name_hash name phone email address first_source first_order_number",
    "identity.phone_forms": "written_hash contact_hash",  # by their hashes
    "identity.phone_library": "version",
    "identity.placeholders": "contact_hash",
    "identity.erasures": "user_hash",
    "events.outbox": "dataset_group event_id event_type impression item_id order_id session_id source state",
    "ops.churn_models": "run_key state reason uri sha256 bins",
    "ops.churn_scores": "features model_version reasons run_key",
    "ops.dropped_files": "content_hash run_key source state",
    "ops.exports": "dataset run_key sha256 uri",
    "ops.ingest_days": "action run_key source",
    "ops.ingest_windows": "kind run_key source state",
    "ops.interventions": "kind run_key asked_by before after",
    "ops.jobs": "arn fingerprint output_uri purpose run_key",
    "ops.mart_builds": "definition reason tables",
    "ops.model_evaluations": "metric solution_version_arn subject",
    "ops.model_metrics": "metric solution solution_version_arn",
    "ops.model_versions": "decided_by run_key solution solution_version_arn state",
    "ops.quality_results": "check_id column_name expectation run_key severity suite",
    "ops.validations": "boundary fingerprint run_key",
    "ops.receipts": "run_key stage subject",
    "ops.refusals": "reason run_key source outcome",
    "raw.exchange_rates": "currency",
    "ops.source_drift": "field kind run_key source",
    "ops.source_fields": "field shape source",
    "ops.status_words": "source",
    "ops.vanished_orders": "order_id run_key source",
    "ops.volumes": "boundary dataset_group last_good_run_key measure run_key outcome",
    "serving.alembic_version": "version_num",
    "serving.region_results": "region_kind region generation result",
    "serving.interactions": f"{EVENT} event_type item_id",
    "serving.impressions": f"{EVENT} event_type item_ids",
    "serving.received_events": "event_id source outcome reason",
    "serving.sessions": "session_id",
    "serving.churn_predictions": "features model_version reasons",
    "serving.rate_limits": "counter",
    "serving.recommendation_lists": "algorithm recommendation_id sources live_generations items",
    "serving.recommended_items": "recommendation_id item_id algorithm request_id",
    "serving.shop_requests": "mode product_ids answer failure",  # of a customer who is made up
    "serving.exposures": "experiment arm",
    "cache.groups": "dataset_group schema_name",
    **{f"{schema}.{table}": columns for schema in ("cache", "cache_shop") for table, columns in CACHE.items()},
    "core.customers": "city province place_seems_to_hold",
    "core.orders": ORDER,
    "core.products": "product_id product_name brand category",
    "core.popular_products": "region_kind region product_id",
    "core.products_bought_together": "product_id with_product_id",
    "core.region_customers": "region_kind region",
    "core.regions": "region_kind region region_name",
    "core.held_back_items": "item_id column_name reason text_digest",
    "staging.accepted_texts": "reason text_digest",
    "staging.non_product_codes": "product_id_pattern reason",
    "intermediate.int_changes__held_back_items": "item_id",
    "intermediate.int_changes__order_items": "source order_id product_id product_name category brand",
    "intermediate.int_changes__orders": "source order_id",
    "intermediate.int_changes__purchases": "source order_id product_id",
    "intermediate.int_changes__regions": "source order_id region_kind region",
    "intermediate.int_products__purchase_values": "product_id measure",
    "intermediate.int_places": "written seems_to_hold region",
    "intermediate.int_order_items__classified": ITEM,
    "intermediate.int_orders__read": ORDER,
    "intermediate.int_orders__regions": "source order_id region_kind written region",
    "intermediate.int_products__classified": "product_id",
    "intermediate.int_products__label_sets": "product_id product_name brand category",
    "intermediate.int_products__labels": "product_id product_name brand category",
    "intermediate.int_products__purchase_spread": "product_id",
    "intermediate.int_products__purchase_totals": "product_id",
    "intermediate.int_purchases__by_order": "source order_id product_id",
    "personalize.interactions": "event_type item_id",
    "personalize.items": "item_id product_name category",
    "personalize.users": "gender location",
}
DECLARED = {f"{table}.{column}" for table, columns in IMPERSONAL.items() for column in columns.split()}

COLUMNS = """
select
    format('%I.%I', relnamespace::regnamespace, relname) as table_name,
    relkind::text,
    attname,
    format_type(atttypid, atttypmod),
    case when typcategory = 'A' then (select typcategory from pg_type as element where element.oid = pg_type.typelem)
        else typcategory end::text,
    attnotnull
from pg_attribute
inner join pg_class on pg_class.oid = attrelid
inner join pg_type on pg_type.oid = atttypid
where
    relkind in ('r', 'p', 'm', 'f') and relpersistence <> 't' and attnum > 0 and not attisdropped
    and attgenerated = '' and attidentity = ''
    and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema', 'pg_toast')
order by 1, attnum
"""
#: Categories of types in which no contact can stand, and a value of each: numbers, dates and times, booleans, spans.
FIGURES = {"N": "1", "D": "2026-01-01", "B": "true", "T": "1 second"}


@dataclass(frozen=True)
class Column:
    table: str
    relkind: str
    name: str
    type: str
    category: str
    is_required: bool

    @property
    def parts(self) -> dict[str, Composable]:
        return {"table": SQL(self.table), "column": Identifier(self.name)}

    @property
    def is_filled(self) -> bool:
        """Whether a row must have a value here, or may identify a person here."""
        return self.name != "user_id" and (self.is_required or self.category not in FIGURES)

    def value(self, text: str) -> Composable:
        """Return the text about the person as a value of this column, or any value of a column that can hold none."""
        if self.category in FIGURES:
            written = FIGURES[self.category]
        elif self.type in ("json", "jsonb"):
            written = json.dumps(text)
        else:
            assert self.category == "S", f"{self.table}.{self.name}: can a person stand in the type {self.type}?"
            written = f"{{{json.dumps(text)}}}" if self.type.endswith("[]") else text
            if (limit := re.search(r"\((\d+)\)", self.type)) and int(limit[1]) < len(text):
                written = USER_IDS[0][: int(limit[1])]
        return SQL("{}::{}").format(Literal(written), SQL(self.type))


class Warehouse:
    """Every table of a warehouse, with the person in each of its columns."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._columns = [Column(*row) for row in connection.execute(COLUMNS.encode())]
        self.tables = {table: list(columns) for table, columns in groupby(self._columns, lambda column: column.table)}

    def columns_that_keep_the_person(self) -> set[str]:
        for table, columns in self.tables.items():
            self._admit_anything(table)
            self._plant(table, columns)
        for request_id in TEXTS:
            forget(self._connection, request_id, USER_IDS, ContactFinder(HASHER))
            self._connection.execute(sql("identity/erasure_requests/finish").encode(), {"request_id": request_id})
        return {f"{column.table}.{column.name}" for column in self._columns if self._keeps(column)}

    def _admit_anything(self, table: str) -> None:
        """Drop the checks and references that a made-up row would break."""
        query = "select conname from pg_constraint where conrelid = %s::regclass and contype in ('c', 'f')"
        for (name,) in self._connection.execute(query.encode(), (table,)).fetchall():
            drop = SQL("alter table {} drop constraint if exists {}").format(SQL(table), Identifier(name))
            self._connection.execute(drop)

    def _plant(self, table: str, columns: list[Column]) -> None:
        """Insert a row of the person, if rows are somebody's, and one that names them only in its texts."""
        assert columns[0].relkind == "r", f"{table} is not a plain table: erasure does not look into it"
        for user_id, text in zip(_users_of(columns), TEXTS, strict=False):
            row = {column.name: column.value(text) for column in columns if column.is_filled}
            if user_id is not None:
                row["user_id"] = Literal(user_id)
            if row:
                names, values = SQL(", ").join(map(Identifier, row)), SQL(", ").join(row.values())
                insert = SQL("insert into {} ({}) values ({})").format(SQL(table), names, values)
                self._connection.execute(insert)

    def _keeps(self, column: Column) -> bool:
        query = SQL("select {column}::text from {table} where {column} is not null").format(**column.parts)
        return any(trace in text for (text,) in self._connection.execute(query) for trace in TRACES)


def _users_of(columns: list[Column]) -> tuple[str | None, ...]:
    """Return whose rows are planted: the person's, and one of nobody or, where each is somebody's, of somebody else."""
    user_id = next((column for column in columns if column.name == "user_id"), None)
    if user_id is None:
        return (None,)
    return (USER_IDS[0], STRANGER if user_id.is_required else None)


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(warehouse_url) as connection:
        yield connection


def test_no_column_of_any_table_keeps_a_person_but_those_declared_to_hold_none(
    warehouse_url: str, tmp_path: Path
) -> None:
    """Of the warehouse's own tables, of those that dbt builds or serving writes, and of two dataset groups' caches."""
    project.build(warehouse_url, tmp_path)
    upgrade(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        create_cache(connection, "cache_shop")
        warehouse = Warehouse(connection)
        assert len(warehouse.tables) >= 50
        remaining = warehouse.columns_that_keep_the_person()
    assert remaining - DECLARED == set(), (
        "erasure leaves a person here: call the column user_id, add it to identity.free_texts, or declare it above"
    )
    assert DECLARED - remaining == set(), "declared above, but gone, or emptied by erasure: take it off the list"


@pytest.mark.parametrize(
    ("ddl", "column"),
    [
        ("create table core.x (customer_ref text)", "core.x.customer_ref"),
        ("create table x (user_id text, remark varchar(200))", "public.x.remark"),
        ("create schema crm; create table crm.people (profile jsonb not null)", "crm.people.profile"),
        ("create table x (called_by text[])", "public.x.called_by"),
        ("alter table ops.receipts add column note text check (note <> 'x')", "ops.receipts.note"),
        ("create unlogged table x (buyer text primary key)", "public.x.buyer"),
    ],
)
def test_a_new_column_that_erasure_does_not_know_is_noticed(
    connection: psycopg.Connection[Any], ddl: str, column: str
) -> None:
    connection.execute(b"create schema if not exists core")
    connection.execute(ddl.encode())
    assert Warehouse(connection).columns_that_keep_the_person() - DECLARED == {column}


@pytest.mark.parametrize("persistence", ["", "unlogged"])
def test_a_new_table_of_users_is_forgotten_without_being_declared(
    connection: psycopg.Connection[Any], persistence: str
) -> None:
    connection.execute(f"create {persistence} table public.visits (user_id text not null, n_pages bigint)".encode())
    assert Warehouse(connection).columns_that_keep_the_person() - DECLARED == set()


@pytest.mark.parametrize(
    "ddl",
    [
        "create materialized view x as select user_id from identity.customers",
        "create table x (token bytea)",
        "create table x (address inet)",
    ],
)
def test_what_erasure_cannot_look_into_is_refused(connection: psycopg.Connection[Any], ddl: str) -> None:
    connection.execute(ddl.encode())
    with pytest.raises(AssertionError, match=r"x is not a plain table|can a person stand in the type"):
        Warehouse(connection).columns_that_keep_the_person()
