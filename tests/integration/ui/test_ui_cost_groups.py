"""The cost page with two groups says what each costs; of campaigns it says what it does not know."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.cache.schema import prepare
from aisle.settings import get_settings

Shown = Callable[[str], str]

pytestmark = pytest.mark.usefixtures("on_the_engine")

OF_THE_NORTH = """
insert into cache_shop_north.generations values ('north-1', 'live', 7, 0, 8, 0, '{}', now() - interval '10 days');
insert into ops.receipts (run_key, stage, subject, rows_in, bytes, seconds, details, finished_at) values
    ('n', 'export', 'Shop-North/interactions', 9, 2000000000, 1, '{}', now()),
    ('n', 'export', 'Shop-North/interactions-import', null, null, 1, '{"job": "arn"}', now()),
    ('n', 'train', 'Shop-North/for-you', null, null, 1, '{"solution_version": "arn", "training_hours": 2}', now()),
    ('n', 'recommend', 'Shop-North/users', 3000, null, 1, '{"job": "arn"}', now()),
    ('m', 'recommend', 'Shop-North/users', 1000, null, 1, '{"job": "arn", "reused": true}', now());
"""
OF_A_GROUP_THAT_IS_GONE = """
insert into ops.receipts (run_key, stage, subject, rows_in, seconds, details, finished_at) values
    ('g', 'recommend', 'Shop-South/users', 2000, 1, '{"job": "arn"}', now());
"""
EVENTS_OF_THE_NORTH = """
insert into events.outbox (
    event_id, dataset_group, user_id, session_id, event_type, item_id, occurred_at, state, attempts, queued_at, sent_at
)
select format('event-%s', nth), 'Shop-North', 'somebody', 's', 'purchase', 'P001', now(), 'sent', 1, now(), now()
from generate_series(1, 30) as nth;
"""
CANARY = """
insert into ops.receipts (run_key, stage, subject, rows_in, rows_out, seconds, details, finished_at) values
    ('c', 'evaluate', 'fast-canary', 100, 100, 9, '{"solution_version": "arn", "n_questions": 100}', now());
"""
TWO_CAMPAIGNS = """
groups:
  - datasets: {interactions: {}, items: {}, users: {}}
    solutions:
      user-personalization:
        recipe: aws-user-personalization
        campaigns: {fast: {min_provisioned_tps: 2}, slow: {}}
      similar-items: {recipe: aws-sims}
"""
MANY_JOBS = """
insert into ops.receipts (run_key, stage, subject, rows_in, seconds, details, finished_at)
select format('k-%s', n), 'recommend', 'users', 1000, 1, '{"job": "arn"}', now() from generate_series(1, 3000) as n;
"""


@pytest.fixture
def two_shops(lived_in: str, shops: Any) -> str:
    """URL of a warehouse after some weeks of the first group, and ten days of Shop-North."""
    prepare(shops[1], lived_in)
    return _after(lived_in, OF_THE_NORTH)


def _after(url: str, script: str) -> str:
    with psycopg.connect(url) as connection:
        connection.execute(script.encode())
    return url


@pytest.mark.usefixtures("two_shops")
def test_each_group_has_its_own_sums_beside_the_sum_of_all(shown: Shown) -> None:
    page = shown("cost")
    # 2 h of training, 3,000 lists, 2 GB; 1,000 lists were skipped.
    assert re.search(r"Shop-North \$0\.48 \$0\.20 \$0\.10 \$0\.78 \$0\.0670", page)
    (of_first,) = re.findall(r" aisle \$\S+ \$\S+ \$\S+ \$(\S+) \$", page)
    (of_all,) = re.findall(r"estimate of what Amazon would charge \$(\S+)", page)
    assert float(of_first) + 0.78 == pytest.approx(float(of_all), abs=0.011)


@pytest.mark.usefixtures("two_shops")
def test_batch_is_compared_with_one_campaign_for_each_question_of_each_group_while_it_had_a_cache(shown: Shown) -> None:
    page = shown("cost")
    assert "2 campaigns for aisle, which has had a cache for 29 d" in page
    assert "1 campaign for Shop-North, which has had a cache for 10 d; each with 1 request per second" in page
    (answers,) = re.findall(r"answers \$\S+ \$(\S+)", page)
    assert float(answers) == pytest.approx((2 * 29.3 + 10) * 24 * 0.20, rel=0.02)


def test_events_count_for_each_group_whose_tracker_took_them(shown: Shown, two_shops: str) -> None:
    _after(two_shops, EVENTS_OF_THE_NORTH)
    page = shown("cost")
    assert "ingestion: Shop-North/events 30 events 15.0 kB" in page
    assert "ingestion: events 40 events 20.0 kB" in page


def test_a_group_that_the_file_no_longer_has_is_in_the_sums_and_not_in_the_comparison(
    shown: Shown, two_shops: str
) -> None:
    without = re.findall(r"total \$(\S+) \$", shown("cost"))
    assert "on neither side" not in shown("cost")
    _after(two_shops, OF_A_GROUP_THAT_IS_GONE)
    page = shown("cost")
    assert re.search(r"Shop-South \$0\.00 \$0\.13 \$0\.00 \$0\.13", page)
    assert "on neither side" in page
    assert re.findall(r"total \$(\S+) \$", page) == without


def test_with_one_group_the_page_does_not_mention_groups(shown: Shown, lived_in: str) -> None:
    page = shown("cost")
    assert "Per group" not in page
    assert "2 campaigns with 1 request per second provisioned, for the 29 d" in page


def test_a_canary_is_not_taken_for_a_training_but_shown_outside_the_sums(shown: Shown, lived_in: str) -> None:
    assert "Campaigns are not in the sums" not in shown("cost")
    _after(lived_in, CANARY)
    page = shown("cost")
    assert "1 canary came and went in this time" in page
    assert "recorded no quantity" not in page
    assert "training: fast-canary" not in page


def test_campaigns_of_the_file_are_shown_with_their_cost_per_day(
    shown: Shown, lived_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "campaigns.yaml"
    file.write_text(TWO_CAMPAIGNS)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()
    try:
        page = shown("cost")
    finally:
        monkeypatch.undo()
        get_settings.cache_clear()
    assert f"describes 2 campaigns, at least ${3 * 24 * 0.2:.2f} a day" in page


def test_more_jobs_than_are_drawn_are_all_in_the_sums(shown: Shown, warehouse_url: str) -> None:
    _after(warehouse_url, MANY_JOBS)
    assert "batch inference $201.00" in shown("cost")
