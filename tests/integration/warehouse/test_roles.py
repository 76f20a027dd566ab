"""Each role of the warehouse sees what it is for, and nothing else; also in tables that come later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from aisle.warehouse import connect, migrate, sql

ROLES = ("aisle_analyst", "aisle_loader", "aisle_identity")
#: A table of each part of the warehouse, the roles that read it, and those that write it.
PARTS = {
    "core.customers": ({"aisle_analyst", "aisle_loader"}, set()),
    "personalize.interactions": ({"aisle_analyst", "aisle_loader"}, set()),
    "features.customer_features": ({"aisle_analyst", "aisle_loader"}, set()),
    "analytics.cohorts": ({"aisle_analyst", "aisle_loader"}, set()),
    "raw.company__orders": ({"aisle_loader"}, {"aisle_loader"}),
    "raw.company__rejects": ({"aisle_loader"}, {"aisle_loader"}),
    "ops.receipts": ({"aisle_loader"}, {"aisle_loader"}),
    "events.outbox": ({"aisle_loader"}, {"aisle_loader"}),
    "cache.offline_user_recommendations": ({"aisle_loader"}, {"aisle_loader"}),
    "identity.customers": ({"aisle_identity"}, {"aisle_identity"}),
    "identity.contacts": ({"aisle_identity"}, {"aisle_identity"}),
    "identity.records": ({"aisle_identity"}, {"aisle_identity"}),
    "identity.record_contacts": ({"aisle_identity"}, {"aisle_identity"}),
    "identity.links": ({"aisle_identity"}, set()),
    "identity.erasures": ({"aisle_identity"}, {"aisle_identity"}),
    "identity.erasure_requests": ({"aisle_identity"}, {"aisle_identity"}),
}


@pytest.fixture
def connection(warehouse_url: str) -> Iterator[psycopg.Connection[Any]]:
    """As the pipeline's user; tables stand in for the marts of a first and of a later build."""
    with psycopg.connect(warehouse_url) as connection:
        for schema in ("core", "personalize", "features", "analytics"):
            connection.execute(f"create schema {schema}".encode())
        connection.execute(b"create table core.customers (user_id text)")
        connection.execute(sql("roles/share_marts").encode())
        for table in ("personalize.interactions", "features.customer_features", "analytics.cohorts"):
            connection.execute(f"create table {table} (user_id text)".encode())
        yield connection


def _is_allowed(connection: psycopg.Connection[Any], role: str, statement: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"set local role {role}".encode())
            connection.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reads_its_own_part_of_the_warehouse_only(connection: psycopg.Connection[Any], role: str) -> None:
    readable = {table for table in PARTS if _is_allowed(connection, role, f"select * from {table}")}
    assert readable == {table for table, (readers, _) in PARTS.items() if role in readers}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_writes_its_own_part_of_the_warehouse_only(connection: psycopg.Connection[Any], role: str) -> None:
    tables = PARTS.keys() - {"identity.links"}  # a view
    writable = {table for table in tables if _is_allowed(connection, role, f"delete from {table}")}
    assert writable == {table for table, (_, writers) in PARTS.items() if role in writers}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "statement",
    [
        "create table core.planted (n integer)",
        "create table raw.planted (n integer)",
        "create table identity.planted (n integer)",
        "create schema planted",
        "drop table raw.company__orders",
        "truncate identity.customers",
        "alter table identity.customers owner to aisle_analyst",
    ],
)
def test_no_role_changes_the_tables_themselves(connection: psycopg.Connection[Any], role: str, statement: str) -> None:
    assert not _is_allowed(connection, role, statement)


@pytest.mark.parametrize("role", ["aisle_analyst", "aisle_loader"])
@pytest.mark.parametrize(
    "statement",
    [
        "select identity.customer_of('x')",
        "select * from identity.people_of(array['x'], array['x'])",
        "select * from identity.forget(array['x'])",
        "select identity.rename_users(array['x'], array['y'])",
    ],
)
def test_nobody_else_asks_the_functions_of_identity(
    connection: psycopg.Connection[Any], role: str, statement: str
) -> None:
    assert not _is_allowed(connection, role, statement)


def test_what_was_granted_to_the_roles_can_be_granted_again(warehouse_url: str) -> None:
    migrate(warehouse_url)
    with connect(warehouse_url) as connection:
        assert _is_allowed(connection, "aisle_identity", "select * from identity.customers")


def test_a_user_who_may_not_create_roles_migrates_without_them(connection: psycopg.Connection[Any]) -> None:
    notices: list[str] = []
    connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    connection.execute(
        b"create role without_rights nologin; grant usage, create on schema ops to without_rights;"
        b"alter function ops.share_marts() owner to without_rights; set local role without_rights"
    )
    connection.execute(sql("roles/create").replace("aisle_analyst", "aisle_absent").encode())
    connection.execute(b"reset role")
    assert notices[0].startswith("role aisle_absent was not made: without_rights may not create roles")
    connection.rollback()


def test_no_role_can_log_in(connection: psycopg.Connection[Any]) -> None:
    query = "select bool_or(rolcanlogin or rolsuper or rolcreaterole) from pg_roles where rolname = any(%s)"
    assert connection.execute(query.encode(), (list(ROLES),)).fetchone() == (False,)
