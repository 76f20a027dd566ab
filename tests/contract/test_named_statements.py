"""Each statement of include/sql has a caller, each name that code uses has a statement, and each table its own file.

The callers are read from the source: string constants `<file>/<statement>`. Where a part of a name is computed
(`f"export/{dataset}/select"`), each statement that fits is one that is called.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from aisle.settings import PROJECT_ROOT
from aisle.warehouse import SQL_ROOT, sql
from aisle.warehouse.statements import statements

PROGRAMS = ("plugins", "services", "dags", "tools")
OTHERS = ("tests", "benchmarks")
FILES = sorted(path.relative_to(SQL_ROOT).with_suffix("").as_posix() for path in SQL_ROOT.rglob("*.sql"))
NAMES = sorted(f"{file}/{statement}" for file in FILES for statement in statements(file))

#: What loads a statement by its whole name, for any schema or for that of a group's cache.
LOADERS = ("sql", "cache_sql", "in_schema")
#: Temporary tables belong to the statement that makes them. A part stands for the schema, or for schema and table.
CREATED = re.compile(r"^create table (?:if not exists )?([\w.{}]+)", re.MULTILINE)


@cache
def patterns_in(folder: str) -> frozenset[str]:
    """The regular expressions of all names that the code of a folder may mean; a plain name is one of itself."""
    paths = sorted((PROJECT_ROOT / folder).rglob("*.py"))
    return frozenset(pattern for path in paths for pattern in patterns_of(ast.parse(path.read_text())))


def patterns_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.escape(node.value)
    elif isinstance(node, ast.JoinedStr):
        parts = [re.escape(str(part.value)) if isinstance(part, ast.Constant) else r"\w+" for part in node.values]
        yield "".join(parts)
    else:
        for child in ast.iter_child_nodes(node):
            yield from patterns_of(child)


def names_of_calls(path: Path) -> Iterator[str]:
    """The names that a file passes to the loaders, the computed ones aside; the engine has a loader of its own."""
    text = path.read_text()
    if "from services.engine" in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in LOADERS and node.args:
            name = node.args[0]
            if isinstance(name, ast.Constant):
                yield str(name.value)


def is_of_a_file(pattern: str) -> bool:
    """Whether the text before the last slash is a file of include/sql, and a name follows."""
    file, _, statement = re.sub(r"\\(.)", r"\1", pattern).rpartition("/")
    return file in FILES and bool(statement)


@pytest.mark.parametrize("name", NAMES)
def test_a_statement_has_a_caller(name: str) -> None:
    patterns = frozenset().union(*map(patterns_in, PROGRAMS))
    assert any("/" in pattern and re.fullmatch(pattern, name) for pattern in patterns), f"nothing calls {name}"


@pytest.mark.parametrize("folder", [*PROGRAMS, *OTHERS])
def test_a_name_that_code_uses_has_a_statement(folder: str) -> None:
    used = {pattern for pattern in patterns_in(folder) if is_of_a_file(pattern)}
    missing = sorted(pattern for pattern in used if not any(re.fullmatch(pattern, name) for name in NAMES))
    calls = {name for path in sorted((PROJECT_ROOT / folder).rglob("*.py")) for name in names_of_calls(path)}
    assert not missing
    assert sorted(calls - set(NAMES)) == []


@pytest.mark.parametrize("file", FILES)
def test_a_file_holds_nothing_but_statements_of_different_names(file: str) -> None:
    head, *blocks = re.split(r"^-- name: (\w+)$", (SQL_ROOT / f"{file}.sql").read_text(), flags=re.MULTILINE)
    assert not head.strip(), "a file begins with `-- name: `"
    assert [name for name, n in Counter(blocks[::2]).items() if n > 1] == []


@pytest.mark.parametrize("file", FILES)
def test_a_table_is_created_in_the_file_of_its_name_alone(file: str) -> None:
    created = CREATED.findall((SQL_ROOT / f"{file}.sql").read_text())
    schema, _, table = file.rpartition("/")
    of_each_cache = {f"{{cache}}.{name}" for name in (table, "{table}", "{staging}")} if schema == "cache" else set()
    assert set(created) <= {f"{schema}.{table}", *of_each_cache}


def test_the_error_for_an_unknown_statement_names_its_file() -> None:
    for name in ("/".join(("ops/ingest_windows", "clam")), "ops/windows/claim", "claim"):
        with pytest.raises(LookupError, match=re.escape(repr(name))):
            sql(name)


def test_a_statement_ends_without_its_semicolon_and_begins_with_its_comment() -> None:
    text = sql("ops/quality_results/delete")
    assert text.startswith("-- Delete what an earlier attempt")
    assert not text.endswith(";")
