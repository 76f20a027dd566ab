from __future__ import annotations

from tests.integration.faults.table import PAGE, page


def test_the_published_table_is_what_is_tested() -> None:
    assert PAGE.read_text() == page(), "run `python -m tests.integration.faults.table`"
