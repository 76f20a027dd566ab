"""The tab on a run: everything that was done under its key."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest


def address_of(page: str, dag_id: str) -> str:
    """Where the newest run of a DAG has its receipts: as Airflow's own page fills in the address."""
    link = re.search(rf'href="/dags/{dag_id}/runs/([^"]+)"', page)
    assert link is not None
    return f"/runs/{dag_id}/{link[1]}"


def test_a_run_shows_all_that_was_done_under_its_key(reader: Any, lived_in: str, dag_runs: Any) -> None:
    dag_runs("export", ("success", 5), conf={"run_key": "day-28"})
    page = reader.get(address_of(reader.get("/pipeline").text, "export")).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "Run key day-28" in text
    assert re.search(r"export interactions 450,000 450,000 42\.0 MB 2\.5 s", text)
    assert re.search(r"recommend users 180,000 .* skipped: nothing changed", text)
    assert "<b>export</b>" in page


def test_a_run_names_the_kind_that_it_left_out_and_why(reader: Any, lived_in: str, dag_runs: Any) -> None:
    with psycopg.connect(lived_in) as connection:
        connection.execute(
            """update ops.receipts set details = '{"without": "similar-items: the newest version is rejected"}'"""
            " where (run_key, stage, subject) = ('day-28', 'recommend', 'items')"
        )
    dag_runs("recommend", ("success", 5), conf={"run_key": "day-28"})
    page = reader.get(address_of(reader.get("/pipeline").text, "recommend")).text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert re.search(r"recommend items .* left out similar-items: the newest version is rejected", text)


def test_a_run_without_a_key_of_its_own_has_that_of_its_time(reader: Any, lived_in: str, dag_runs: Any) -> None:
    dag_runs("export", ("success", 5))
    page = reader.get(address_of(reader.get("/pipeline").text, "export")).text
    assert re.search(r"Run key \d{8}T\d{6}(-\d{3})? ", page)
    assert "No receipt yet" in page


def test_a_run_that_an_asset_started_inherits_the_key_of_its_event(
    reader: Any, lived_in: str, started_by_event: Any
) -> None:
    started_by_event("publish", "day-27")
    assert "Run key day-27" in reader.get(address_of(reader.get("/pipeline").text, "publish")).text


def test_a_run_that_airflow_does_not_have_is_a_404(reader: Any, warehouse_url: str) -> None:
    answer = reader.get("/runs/export/no-such-run")
    assert answer.status_code == 404
    assert "no run no-such-run of export" in answer.text


def test_a_run_of_a_dag_that_a_user_may_not_read_is_refused(
    reader: Any, warehouse_url: str, dag_runs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    dag_runs("export", ("success", 5))
    address = address_of(reader.get("/pipeline").text, "export")
    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", lambda self, **_: False)
    assert reader.get(address).status_code == 403
