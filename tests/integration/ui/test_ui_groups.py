"""With two groups, a page shows one at a time, and says so; with one, nothing of groups is to be seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare

pytestmark = pytest.mark.usefixtures("on_the_engine")

OF_THE_NORTH = """
insert into cache_shop_north.generations values
    ('north-2', 'live', 7, 0, 8, 0, '{"users": "arn/for-you/v2"}', now()),
    ('north-1', 'previous', 7, 0, 8, 0, '{"users": "arn/for-you/v1"}', now() - interval '1 day');
insert into cache_shop_north.rejected_records values ('north-2', 'users', 'k', 1, 'error', 'quota', 'p');
insert into ops.model_versions (
    solution, solution_version_arn, run_key, state, trained_at, decided_at, decided_by, reason
) values
    ('Shop-North/for-you', 'arn/for-you/v2', 'k2', 'live', now(), now(), 'gate', 'good in the north'),
    ('Shop-North/for-you', 'arn/for-you/v1', 'k1', 'previous', now(), now(), 'gate', 'good before');
insert into ops.interventions (run_key, kind, subject, asked_by, reason, before, after, is_done) values
    ('b', 'rollback', 'Shop-North/cache', 'someone', 'odd in the north', 'north-3', 'north-2', true);
insert into ops.receipts (run_key, stage, subject, seconds, finished_at) values
    ('far', 'export', 'Shop-North/users', 1, now() + interval '1 hour');
"""


@pytest.fixture
def two_shops(lived_in: str, shops: Any) -> str:
    """URL of a warehouse after some weeks of the first group, and some days of Shop-North."""
    prepare(shops[1], lived_in)
    with psycopg.connect(lived_in) as connection:
        connection.execute(OF_THE_NORTH.encode())
    return lived_in


@pytest.mark.usefixtures("two_shops")
def test_the_cache_of_a_further_group_is_shown_by_name_and_rolls_back_by_name(
    reader: Any, shown: Callable[[str], str]
) -> None:
    page = shown("cache?group=Shop-North")
    assert "Live: north-2" in page
    assert "quota" in page
    assert "odd in the north" in page
    assert "20261120T180000" not in page
    html = reader.get("/cache?group=Shop-North").text
    assert 'data-rollback="cache" data-group="Shop-North"' in html
    assert re.search(r'group=Shop-North" aria-current="page"', html)


@pytest.mark.usefixtures("two_shops")
def test_without_a_choice_only_the_first_group_is_shown(shown: Callable[[str], str]) -> None:
    cache, models = shown("cache"), shown("models")
    assert "Live: 20261120T180000" in cache
    assert "user-personalization" in models
    for page in (cache, models):
        assert "north-2" not in page
        assert "in the north" not in page


@pytest.mark.usefixtures("two_shops")
def test_the_models_of_a_further_group_are_shown_under_their_plain_names(
    reader: Any, shown: Callable[[str], str]
) -> None:
    page = shown("models?group=Shop-North")
    assert "good in the north" in page
    assert "similar-items" not in page
    html = reader.get("/models?group=Shop-North").text
    assert 'data-rollback="for-you" data-group="Shop-North"' in html


@pytest.mark.usefixtures("two_shops")
def test_the_pipeline_page_shows_the_state_of_each_stage_of_a_further_group(reader: Any, dag_runs: Any) -> None:
    dag_runs("train-Shop-North", ("failed", 1))
    html = reader.get("/pipeline").text
    states = re.findall(r'<li class="(\w+)"><a href="/dags/(\w+)-Shop-North"', html)
    assert states == [
        ("idle", "export"), ("bad", "train"), ("idle", "retrain"), ("idle", "recommend"), ("idle", "publish")
    ]  # fmt: skip
    assert "Shop-North/users" not in html
    assert "450,000" in html  # rows of the newest receipt of the first group's export


def test_events_whose_group_the_marts_do_not_know_are_shown_apart(shown: Callable[[str], str], two_shops: str) -> None:
    assert "held until" not in shown("pipeline")
    with psycopg.connect(two_shops) as connection:
        connection.execute("update events.outbox set state = 'held' where event_id in ('event-41', 'event-42')")
    assert "waiting 10 held until the marts know them 2 sent 40 dead 3" in shown("pipeline")


@pytest.mark.usefixtures("two_shops")
def test_a_group_that_is_not_there_is_a_404_that_names_those_that_are(reader: Any) -> None:
    answer = reader.get("/cache?group=nowhere")
    assert answer.status_code == 404
    assert "aisle, Shop-North" in answer.text


@pytest.mark.parametrize("page", ["cache", "models", "pipeline"])
def test_with_one_group_no_page_speaks_of_groups(reader: Any, lived_in: str, page: str) -> None:
    assert 'class="groups"' not in reader.get(f"/{page}").text
    assert 'class="further"' not in reader.get(f"/{page}").text
