"""Write the entity diagram and the answers of docs/analysts.md: `python -m tools.analysts_page postgresql://…`.

The page has ten questions as SQL, each followed by its answer on the company that `generate("tiny")` makes. The URL is
that of a warehouse with the marts of this company.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg

from aisle.settings import PROJECT_ROOT
from tools.dbt_rules import Node, Project, parse

PAGE = PROJECT_ROOT / "docs" / "analysts.md"
#: Runs a query and returns the names of its columns, and its rows.
Run = Callable[[str], tuple[list[str], Sequence[Sequence[Any]]]]

_DIAGRAM = re.compile(r"(?s)```mermaid\n.*?```\n")
_ANSWER = re.compile(r"(?s)```sql\n(?P<query>.*?)```\n+(?P<answer>(?:\|[^\n]*\n)*)")
#: Of what other programs may read; features are read by the model of churn alone.
_SCHEMAS = ("core", "personalize", "analytics")


def entity_diagram(project: Project) -> str:
    """Return the diagram of the marts, in Mermaid: a table refers to another if it has all columns of its key."""
    marts = sorted((mart for mart in project.marts if mart["schema"] in _SCHEMAS), key=_name)
    lines = ["erDiagram"]
    for child in marts:
        lines += [f'    {_name(parent)} ||--{_many(child, key)} {_name(child)} : "{", ".join(key)}"'
                  for parent, key in _parents(child, marts)]  # fmt: skip
    return "\n".join(lines)


def _name(mart: Node) -> str:
    return f"{mart['schema']}_{mart['name']}"


def _keys(mart: Node) -> list[tuple[str, ...]]:
    indexes = mart["config"].get("indexes") or []
    return [tuple(index["columns"]) for index in indexes if index.get("unique")]


def _parents(child: Node, marts: list[Node]) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Yield the things whose keys the child has; those of personalize only for tables of that schema."""
    keys = [key for mart in marts for key in _keys(mart)]
    for parent in marts:
        if parent is child or (parent["schema"] == "personalize") > (child["schema"] == "personalize"):
            continue
        for key in _keys(parent):
            is_pair = any(set(narrower) < set(key) for narrower in keys)
            if set(key) <= set(child["columns"]) and not is_pair and not _is_twin(parent, child, key):
                yield parent, key


def _is_twin(parent: Node, child: Node, key: tuple[str, ...]) -> bool:
    """Of two tables with the same key, the one in core comes first."""
    return key in _keys(child) and not (parent["schema"] == "core" and child["schema"] != "core")


def _many(child: Node, key: tuple[str, ...]) -> str:
    return "o|" if key in _keys(child) else "o{"


def refreshed(page: str, diagram: str, run: Run) -> str:
    """Return the page with the diagram, and with what each of its queries gives, as a table."""

    def answered(match: re.Match[str]) -> str:
        return f"```sql\n{match['query']}```\n\n{_table(*run(match['query']))}"

    drawn = _DIAGRAM.sub(lambda _: f"```mermaid\n{diagram}\n```\n", page)
    return _ANSWER.sub(answered, drawn)


def _table(columns: list[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def main() -> None:
    """Write the page from the warehouse that is named on the command line."""
    with psycopg.connect(sys.argv[1]) as connection:

        def run(query: str) -> tuple[list[str], Sequence[Sequence[Any]]]:
            cursor = connection.execute(query.encode())
            return [column.name for column in cursor.description or ()], cursor.fetchall()

        PAGE.write_text(refreshed(PAGE.read_text(), entity_diagram(parse(PROJECT_ROOT / "dbt")), run))


if __name__ == "__main__":
    main()
