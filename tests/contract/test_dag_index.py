"""dags/README.md is what the DAGs say of themselves."""

from __future__ import annotations

import os

import pytest


def test_the_index_is_what_the_dags_say(monkeypatch: pytest.MonkeyPatch) -> None:
    from aisle.settings import get_settings
    from tools.dag_index import README, index, parsed_dags

    for name in [name for name in os.environ if name.startswith("AISLE_SCHEDULES")]:
        monkeypatch.delenv(name)
    get_settings.cache_clear()
    assert README.read_text() == index(parsed_dags()), "the DAGs have changed: run `make dags-readme`"


def test_every_dag_is_in_the_index_with_its_schedule_and_params() -> None:
    from tools.dag_index import index, parsed_dags

    dags = parsed_dags()
    text = index(dags)
    assert len(dags) >= 6
    for dag in dags:
        assert f"## {dag.dag_id}\n" in text
    assert "raw_orders([raw_orders]) --> transform" in text
    assert "ingest --> raw_orders([raw_orders])" in text
    assert "| [ingest](#ingest) | `*/15 * * * *` UTC |" in text
    assert "- `dry_run` (default `False`): List in the receipts" in text
