"""The named statements of services/engine/sql: one file per table, or for tables that belong together.

The files have the format of include/sql (docs/adr/0013). The loader is the engine's own: `aisle.warehouse` has that of
psycopg's statements, whose parts it fills in, while the engine keeps its data in SQLite and runs without PostgreSQL.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

SQL_ROOT = Path(__file__).parent / "sql"

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


@cache
def sql(name: str) -> str:
    """Return a statement by its name, `<file>/<statement>`. Raises KeyError if the file has no such statement."""
    file, _, statement = name.partition("/")
    _, *blocks = _NAME.split((SQL_ROOT / f"{file}.sql").read_text())
    return dict(zip(blocks[::2], blocks[1::2], strict=True))[statement].strip()
