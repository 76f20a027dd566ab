"""The warehouse from Python: a psycopg 3 connection, the named statements of include/sql, and its own tables.

connect()                              # one connection and one transaction
sql("ops/ingest_windows/claim")        # the statement `claim` of include/sql/ops/ingest_windows.sql
migrate(url)                           # bring the warehouse's own tables (all but dbt's) to this version
"""

from aisle.warehouse.connection import CONNECTION_ID, connect, warehouse_url
from aisle.warehouse.lists import list_parts
from aisle.warehouse.migrations import CACHE_SCHEMA, READER, admit_reader, create_cache, migrate
from aisle.warehouse.statements import SQL_ROOT, sql

__all__ = [
    "CACHE_SCHEMA",
    "CONNECTION_ID",
    "READER",
    "SQL_ROOT",
    "admit_reader",
    "connect",
    "create_cache",
    "list_parts",
    "migrate",
    "sql",
    "warehouse_url",
]
