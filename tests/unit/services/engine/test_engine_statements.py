from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.engine.statements import SQL_ROOT, sql

ENGINE = SQL_ROOT.parent
CALLED = {
    name for module in sorted(ENGINE.rglob("*.py")) for name in re.findall(r'\bsql\("([\w/]+)"\)', module.read_text())
}
WRITTEN = {
    f"{file.stem}/{name}"
    for file in sorted(SQL_ROOT.glob("*.sql"))
    for name in re.findall(r"^-- name: (\w+)$", file.read_text(), re.MULTILINE)
}


def test_every_statement_has_a_caller_and_every_caller_a_statement() -> None:
    assert WRITTEN
    assert WRITTEN == CALLED


def test_sql_files_lie_in_one_folder() -> None:
    assert {file.parent for file in ENGINE.rglob("*.sql")} == {Path(SQL_ROOT)}


@pytest.mark.parametrize("name", sorted(WRITTEN))
def test_a_statement_is_loaded_without_its_neighbours(name: str) -> None:
    assert "-- name:" not in sql(name)
    assert sql(name).endswith(";")


def test_an_unknown_statement_is_an_error() -> None:
    with pytest.raises(KeyError, match="drop"):
        sql("records/drop")
