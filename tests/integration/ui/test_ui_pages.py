"""What the pages show to which user, and what they say where there is nothing to show."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import psycopg
import pytest
from psycopg.sql import Identifier

from aisle.charts import ASSETS
from aisle.settings import get_settings

Shown = Callable[[str], str]

PAGES = ("pipeline", "quality", "models", "cache", "cost")
ADDRESSES = (*PAGES, "", *(f"assets/{name}" for name in ("style.css", "page.js", "icon.svg", *ASSETS)))

pytestmark = pytest.mark.usefixtures("on_the_engine")


def chart_of(page: str, words: str) -> Any:
    """Return what the chart with these words describes."""
    described = re.search(rf'aria-label="{re.escape(words)}" data-chart="([^"]+)"', page)
    assert described is not None
    return json.loads(unescape(described[1]))


@pytest.mark.parametrize("address", ADDRESSES)
def test_nobody_sees_anything_without_a_login(visitor: Any, lived_in: str, address: str) -> None:
    answer = visitor.get(f"/{address}")
    assert answer.status_code == 401
    assert "week-4" not in answer.text


def test_a_token_that_airflow_did_not_sign_is_refused(visitor: Any, lived_in: str) -> None:
    visitor.cookies.set("_token", "eyJhbGciOiJIUzUxMiJ9.eyJzdWIiOiJ4In0.AAAA")
    answer = visitor.get("/models")
    assert answer.status_code == 403
    assert "log in" in answer.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_user_with_read_access_sees_every_page(reader: Any, warehouse_url: str, address: str) -> None:
    assert reader.get(f"/{address}").status_code in (200, 307)


def test_the_older_address_of_the_pipeline_page_leads_to_it(reader: Any) -> None:
    answer = reader.get("/line")
    assert (answer.status_code, answer.headers["location"]) == (307, "pipeline")


def test_no_page_describes_the_app_to_strangers(visitor: Any) -> None:
    assert [visitor.get(path).status_code for path in ("/docs", "/openapi.json", "/redoc")] == [404, 404, 404]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_loads_nothing_from_elsewhere_and_nothing_may_frame_it_but_airflow(
    reader: Any, lived_in: str, page: str
) -> None:
    answer = reader.get(f"/{page}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert re.findall(r'(?:src|rel="stylesheet" href)="(?!/)', answer.text) == []
    assert re.findall(r"<script>|<style>| style=| onclick=", answer.text) == []


def test_behind_a_proxy_with_a_path_every_address_keeps_it(
    reader: Any, lived_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aisle.ui import app

    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://company.example/airflow/")
    app._templates.cache_clear()
    pages = [reader.get(f"/{page}").text for page in PAGES]
    addresses = [address for page in pages for address in re.findall(r'(?:href|src|data-airflow)="([^"#]+)', page)]
    assert len(addresses) > 40
    assert [address for address in addresses if not address.startswith("/airflow")] == []


@pytest.mark.parametrize("page", PAGES)
def test_the_page_of_a_fresh_warehouse_says_what_to_run(shown: Shown, warehouse_url: str, page: str) -> None:
    advice = {
        "pipeline": "No window yet: run ingest",
        "quality": "No gate has run yet: run transform",
        "models": "No model yet: run train",
        "cache": "Nothing is published yet: run recommend",
        "cost": "No job yet: run export",
    }
    assert advice[page] in shown(page)


@pytest.mark.parametrize("page", PAGES)
def test_the_page_of_a_warehouse_without_tables_says_what_to_run(shown: Shown, warehouse_url: str, page: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute("drop schema ops, cache, events cascade")
    assert "run" in shown(page)


@pytest.mark.parametrize("page", PAGES)
def test_a_warehouse_that_is_away_is_a_503_that_says_what_to_do(
    reader: Any, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", "postgres://aisle:hunter2@127.0.0.1:1/warehouse")
    answer = reader.get(f"/{page}")
    assert answer.status_code == 503
    assert "connection &#39;warehouse&#39;" in answer.text
    assert "then load the page again" in answer.text
    assert "hunter2" not in answer.text


def test_a_missing_connection_says_where_to_add_it(reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIRFLOW_CONN_WAREHOUSE", raising=False)
    answer = reader.get("/pipeline")
    assert answer.status_code == 503
    assert "AIRFLOW_CONN_WAREHOUSE" in answer.text


def test_a_page_cannot_write(lived_in: str) -> None:
    from aisle.ui.reader import WarehouseUnavailable, open_warehouse

    with pytest.raises(WarehouseUnavailable, match="read-only"), open_warehouse() as reader:
        reader.rows(
            "cache/rejected_records/forget",
            {"cache": Identifier("cache")},
            generation="20261120T180000",
            subject="items",
        )


# --- pipeline ---------------------------------------------------------------------------------------------------------


def test_the_pipeline_page_shows_each_stage_from_left_to_right(reader: Any, lived_in: str) -> None:
    names = re.findall(r'<article id="(\w+)"', reader.get("/pipeline").text)
    assert names == ["ingest", "transform", "export", "train", "recommend", "publish"]


def test_a_stage_shows_its_last_good_run_and_that_a_newer_one_failed(reader: Any, lived_in: str, dag_runs: Any) -> None:
    dag_runs("export", ("success", 5), ("failed", 1))
    page = reader.get("/pipeline").text
    card = page[page.index('<article id="export"') : page.index('<article id="train"')]
    assert '<span class="status bad">failed</span>' in card
    assert "5 h ago" in card
    assert re.search(r'href="/dags/export/runs/scheduled__\S+%3A\S+" data-open="top"', card)
    assert "450,000" in card  # rows of its newest receipt


def test_an_optional_stage_is_shown_once_airflow_has_it(reader: Any, lived_in: str, dag_runs: Any) -> None:
    dag_runs("events", ("success", 0.01))
    page = reader.get("/pipeline").text
    card = page[page.index('<article id="events"') :]
    assert '<span class="status busy">look</span>' in card  # it ended well, but three events are dead
    assert "3 events could not be delivered" in card


def test_a_user_who_may_not_read_a_dag_does_not_see_its_runs(
    reader: Any, lived_in: str, dag_runs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    dag_runs("export", ("success", 5))
    monkeypatch.setattr(SimpleAuthManager, "is_authorized_dag", lambda self, **_: False)
    page = reader.get("/pipeline").text
    assert "5 h ago" not in page[page.index('<article id="export"') : page.index('<article id="train"')]


def test_a_gap_in_the_windows_is_named_with_both_its_ends(
    shown: Shown, warehouse_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = get_settings().ingest.start_at
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state) "
            "select 'pos', %(start)s + make_interval(days => day), %(start)s + make_interval(days => day + 1), "
            "'key', 'scheduled', 'proven' from unnest(array[0, 3]) as day",
            {"start": start},
        )
    page = shown("pipeline")
    assert "pos: nothing proven from 2024-01-02 00:00 UTC to 2024-01-04 00:00 UTC" in page


def test_the_card_of_recommend_names_the_kind_that_was_left_out_and_why(
    shown: Shown, lived_in: str, dag_runs: Any
) -> None:
    dag_runs("recommend", ("success", 1))
    assert "left out" not in shown("pipeline")
    with psycopg.connect(lived_in) as connection:
        connection.execute(
            """update ops.receipts set details = '{"without": "the newest version of similar-items is rejected."}'"""
            " where (stage, subject) = ('recommend', 'items')"
        )
    assert "look" in shown("pipeline")
    assert "items are left out. the newest version of similar-items is rejected." in shown("pipeline")


def test_the_outbox_is_counted_by_state(shown: Shown, lived_in: str) -> None:
    assert re.search(r"waiting 12 sent 40 dead 3 oldest waiting 52 min ago", shown("pipeline"))


# --- quality ----------------------------------------------------------------------------------------------------------


def test_what_was_not_met_is_shown_with_the_value_seen(shown: Shown, lived_in: str) -> None:
    page = shown("quality")
    assert re.search(r"value_is_positive .* on event_value .* stop .*&lt;b&gt;-3&lt;/b&gt; 2 nightly-14", page)
    assert "2 of 4 expectations passed in the newest runs" in page


def test_what_failed_is_shown_with_whom_it_concerns_and_what_they_should_do(shown: Shown, lived_in: str) -> None:
    page = shown("quality")
    assert "analytics engineering: Find the order in core.order_items and see how staging read it" in page


def test_a_suite_that_only_notes_is_not_red(reader: Any, lived_in: str) -> None:
    page = reader.get("/quality").text
    row = re.search(r'<th scope="row">raw_orders_outliers<small>.*?</tr>', page, re.DOTALL)
    assert row is not None
    assert '<span class="status busy">noted</span>' in row[0]


def test_the_trend_has_a_bar_for_each_of_the_last_fourteen_runs(reader: Any, lived_in: str) -> None:
    page = reader.get("/quality").text
    trend = chart_of(page, "share of checks that passed in the last 14 runs of marts_interactions")
    assert trend["levels"] == ["bad" if n in (5, 14) else "good" for n in range(1, 15)]


def test_findings_link_to_the_data_docs_where_they_are_served(
    reader: Any, lived_in: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Data Docs" not in reader.get("/quality").text
    monkeypatch.setenv("AISLE_DOCS__URL", "http://reports:8001/")
    get_settings.cache_clear()
    try:
        assert 'href="http://reports:8001/quality/marts_interactions/nightly-14.html"' in reader.get("/quality").text
    finally:
        get_settings.cache_clear()


def test_what_is_refused_is_shown_by_source_and_reason_and_an_unknown_status_by_name(
    shown: Shown, lived_in: str
) -> None:
    page = shown("quality")
    assert re.search(r"pos any reason 720 1,440 60\.0 % stopped run-2", page)
    assert re.search(r"pos unknown status 719 1,438 59\.9 % stopped run-2", page)
    assert re.search(r"pos malformed order 1 2 0\.1 % passed run-2", page)
    assert "oe any reason" not in page, "what an older run counted is history"
    assert re.search(r"&lt;b&gt;fulfilled&lt;/b&gt; pos 719 3 h ago", page)
    assert "on hold" not in page


def test_volumes_are_shown_from_left_to_right_beside_those_of_the_last_good_run(shown: Shown, lived_in: str) -> None:
    page = shown("quality")
    assert re.search(
        r"raw orders of pos 1,000 1,200 run-1 83\.3 % noted run-2 .*"
        r"batch input users asked 120 1,200 run-2 10\.0 % stopped run-3",
        page,
    )


def test_each_measure_has_a_bar_for_each_run(reader: Any, lived_in: str) -> None:
    page = reader.get("/quality").text
    assert chart_of(page, "users asked in the last 3 runs")["levels"] == ["idle"] * 11 + ["good", "good", "bad"]


# --- models -----------------------------------------------------------------------------------------------------------


def test_every_version_is_shown_with_its_state_and_the_reason(shown: Shown, lived_in: str) -> None:
    page = shown("models")
    assert "user-personalization live: week-4" in page
    assert re.search(r"week-6 run 2026w6 waiting decide .* a person must approve", page)
    assert re.search(r"week-5 run 2026w5 rejected .* 4 % below popularity; the live version stays", page)


@pytest.mark.parametrize(
    ("state", "reason", "said"),
    [
        ("rejected", "its lists show 1.0% of the items", "v1 is rejected: its lists show 1.0% of the items"),
        ("waiting", "a person must approve", "v1 is waiting: a person must approve"),
        ("candidate", None, "v1 is candidate"),
    ],
)
def test_a_model_without_a_live_version_says_what_became_of_its_newest_one(
    shown: Shown, lived_in: str, state: str, reason: str | None, said: str
) -> None:
    page = "recommend leaves it out: "
    assert page not in shown("models")
    with psycopg.connect(lived_in) as connection:
        connection.execute(
            "insert into ops.model_versions (solution, solution_version_arn, run_key, state, reason)"
            " values ('similar-items', 'arn:x/aisle-similar-items/v1', 'week-6', %s, %s)",
            (state, reason),
        )
    assert f"similar-items none is live {page}{said} " in shown("models")


def test_a_version_is_compared_with_popularity_and_with_the_live_one(shown: Shown, lived_in: str) -> None:
    assert re.search(r"ndcg@10 0\.2248 0\.1813 0\.2175 \+24 %", shown("models"))


def test_the_history_has_a_line_for_the_model_and_one_for_popularity(reader: Any, lived_in: str) -> None:
    page = reader.get("/models").text
    chart = chart_of(page, "ndcg_at_10 of the last 6 versions of user-personalization, oldest on the left")
    assert {series["name"]: len(series["values"]) for series in chart["series"]} == {"model": 6, "popularity": 6}


def test_a_model_can_be_rolled_back_only_to_one_that_there_is(reader: Any, lived_in: str) -> None:
    assert 'data-rollback="user-personalization"' in reader.get("/models").text
    with psycopg.connect(lived_in) as connection:
        connection.execute("update ops.model_versions set state = 'retired' where state = 'previous'")
    assert "data-rollback=" not in reader.get("/models").text


def test_a_version_without_evaluation_is_shown_with_the_figures_of_the_service(
    shown: Shown, warehouse_url: str
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into ops.model_metrics (solution, solution_version_arn, metric, value) "
            "values ('popularity', 'arn:x/aisle-popularity/v1', 'coverage', 0.125)"
        )
    page = shown("models")
    assert "popularity the baseline, never published" in page
    assert "v1 not evaluated" in page
    assert "coverage 0.1250" in page


def test_a_first_version_that_aisle_could_not_measure_has_figures_and_a_chart(
    reader: Any, shown: Shown, warehouse_url: str
) -> None:
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into ops.model_metrics (solution, solution_version_arn, metric, value) values "
            "('popularity', 'arn:x/aisle-popularity/v1', 'normalized_discounted_cumulative_gain_at_10', 0.1), "
            "('popularity', 'arn:x/aisle-popularity/v1', 'coverage', 0.125), "
            "('user-personalization', 'arn:x/up/v1', 'normalized_discounted_cumulative_gain_at_10', 0.15), "
            "('user-personalization', 'arn:x/up/v1', 'coverage', 0.5)"
        )
    page = shown("models")
    assert re.search(r"Reported by the service v1 metric this model popularity over popularity ndcg@10 0\.1500", page)
    assert "coverage 0.5000 0.1250 +300 %" in page
    assert "+50 %" in page
    html = reader.get("/models").text
    ours = chart_of(html, "figures of v1 of user-personalization")
    assert [series["name"] for series in ours["series"]] == ["this model", "popularity"]
    assert [series["name"] for series in chart_of(html, "figures of v1 of popularity")["series"]] == ["this model"]


# --- cache ------------------------------------------------------------------------------------------------------------


def test_the_live_generation_is_shown_with_its_coverage_and_its_age(shown: Shown, lived_in: str) -> None:
    page = shown("cache")
    assert "Live: 20261120T180000 stale: older than 6 h" in page
    assert "users answered 99.0 % lists of products 580 products answered 96.7 %" in page


def test_a_coverage_below_the_threshold_is_red(reader: Any, lived_in: str) -> None:
    page = reader.get("/cache").text
    assert '<span class="status bad">96.7 %</span>' in page
    assert '<span class="status good">99.0 %</span>' in page


def test_rejected_records_are_counted_by_reason_and_their_content_is_not_shown(shown: Shown, lived_in: str) -> None:
    page = shown("cache")
    assert "empty 20261120T180000 items 16 no item in the list" in page
    assert "error 20261120T180000 items 4 Item not found" in page
    assert "secret payload" not in page


def test_the_cache_can_be_rolled_back_only_to_a_previous_generation(reader: Any, lived_in: str) -> None:
    page = reader.get("/cache").text
    assert 'data-rollback="cache"' in page
    assert 'data-from="20261120T180000" data-to="20261120T120000"' in page
    with psycopg.connect(lived_in) as connection:
        connection.execute("update cache.generations set state = 'retired' where state = 'previous'")
    assert "no previous generation to roll back to" in reader.get("/cache").text


@pytest.mark.parametrize(("page", "subject"), [("cache", "cache"), ("models", "user-personalization")])
def test_a_rollback_is_shown_with_who_asked_for_it_and_why(
    shown: Shown, lived_in: str, page: str, subject: str
) -> None:
    with psycopg.connect(lived_in) as connection:
        connection.execute(
            "insert into ops.interventions (run_key, kind, subject, asked_by, reason, before, after, is_done) "
            "values ('k', 'rollback', %s, 'night shift', 'lists look odd', 'arn:x/worse', 'arn:x/better', true)",
            [subject],
        )
    assert re.search(rf"{subject} worse better night shift just now lists look odd", shown(page))
