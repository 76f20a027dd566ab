"""The named statements of include/sql: one file per table, or per subject where several tables are read together.

A statement begins with `-- name: <name>`, as aiosql writes it, and ends where the next one begins.
"""

from __future__ import annotations

import re
from functools import cache

from psycopg.sql import SQL, Composable

from aisle.settings import PROJECT_ROOT

SQL_ROOT = PROJECT_ROOT / "include" / "sql"

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def sql(name: str, **parts: Composable | str) -> str:
    """Return a statement with its `{part}`s filled in: `<file>/<statement>`, the file below include/sql.

    A part that is text is itself a statement with values. A statement with parts is executed with values. Raises
    LookupError if there is none of that name.
    """
    file, _, statement = name.rpartition("/")
    try:
        text = statements(file)[statement]
    except (KeyError, FileNotFoundError) as error:
        raise LookupError(
            f"loading the SQL statement {name!r}: include/sql/{file}.sql has no `-- name: {statement}`; add the "
            "statement, or correct the name"
        ) from error
    if not parts:
        return text
    written = {
        part: SQL(value if isinstance(value, str) else value.as_string().replace("%", "%%"))
        for part, value in parts.items()
    }
    return SQL(text).format(**written).as_string()


@cache
def statements(file: str) -> dict[str, str]:
    """Return the statements of a file by name. The last semicolon goes: a statement may become a part of another."""
    _, *blocks = _NAME.split((SQL_ROOT / f"{file}.sql").read_text())
    names, texts = blocks[::2], blocks[1::2]
    return {name: text.strip().removesuffix(";") for name, text in zip(names, texts, strict=True)}
