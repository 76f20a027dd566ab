"""Every query of the pages runs: PostgreSQL plans it against the tables and marts of this version."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import UndefinedColumn, UndefinedTable

from aisle.settings import PROJECT_ROOT
from services.migrations import upgrade

_CODE = re.compile(r"```sql\n(.+?);?\n```|psql -c \"(select.+?)\"|`(select [^`]+)`", re.DOTALL)
#: For Airflow's own database, and a pattern for the last line of a model.
_EXCEPTED = re.compile(r"\bfrom (job\b|<)")


def _queries_of(page: Path) -> list[str]:
    """Return the queries of a page; variables of psql are replaced by a text."""
    queries = ["".join(match) for match in _CODE.findall(page.read_text())]
    return [re.sub(r":'\w+'", "'text'", query) for query in queries if not _EXCEPTED.search(query)]


QUERIES = [
    pytest.param(query, id=f"{page.name} {number}")
    for page in sorted((PROJECT_ROOT / "docs").glob("*.md"))
    for number, query in enumerate(_queries_of(page), start=1)
]


@pytest.fixture(scope="module")
def warehouse(empty_company: Any) -> Any:
    """Every table of this version, those of the serving API too."""
    upgrade(empty_company.url)
    return empty_company


def test_the_queries_are_found() -> None:
    assert len(QUERIES) > 15


def test_a_query_of_a_missing_column_or_table_is_refused(warehouse: Any) -> None:
    for query in ("select no_such_column from ops.receipts", "select * from ops.no_such_table"):
        with pytest.raises((UndefinedColumn, UndefinedTable)):
            warehouse.rows(f"explain {query}")


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_of_a_page_can_be_planned(warehouse: Any, query: str) -> None:
    assert warehouse.rows(f"explain {query}") != []
