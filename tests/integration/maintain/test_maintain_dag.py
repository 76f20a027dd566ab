"""Many runs, two hundred days later: what is in use is kept, everything else is deleted."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.warehouse import sql

ROOT = Path(__file__).parents[3]
LATER = datetime.now(UTC) + timedelta(days=200)
_SECONDS = count(1)  # Airflow names a run by its time: no two may have the same

RUNS = """
insert into ops.jobs (purpose, fingerprint, arn, run_key, output_uri, started_at) values
    ('import-users', 'a', 'arn/a', 'old', null, now() - interval '9 days'),
    ('import-users', 'b', 'arn/b', 'imported', null, now() - interval '8 days'),
    ('recommend-users', 'c', 'arn/c', 'answered', 's3://b/recommend/output/users/answered/', now());
insert into ops.exports (dataset, run_key, uri, n_rows, n_bytes, sha256, exported_at) values
    ('users', 'old', 'u', 1, 1, 's', now() - interval '9 days'),
    ('users', 'imported', 'u', 1, 1, 's', now() - interval '8 days'),
    ('users', 'exported', 'u', 1, 1, 's', now());
insert into cache.generations values
    ('live-run', 'live', 1, 1, 1, 1, '{}', now()),
    ('previous-run', 'previous', 1, 1, 1, 1, '{}', now()),
    ('old', 'retired', 1, 1, 1, 1, '{}', now());
insert into cache.rejected_records values
    ('live-run', 'users', 'k', 1, 'r', 'd', 'p'), ('never-published', 'users', 'k', 1, 'r', 'd', 'p');
insert into ops.receipts (run_key, stage, subject, seconds, details, finished_at) values
    (
        'previous-run', 'recommend', 'users', 1, '{"output": "s3://b/recommend/output/users/reused/"}',
        now() - interval '9 days'
    ),
    ('old', 'recommend', 'users', 1, '{}', now() - interval '8 days'),
    ('answered', 'recommend', 'users', 1, '{}', now()),
    ('never-published', 'publish', 'stage_users', 1, '{}', now());
insert into ops.quality_results (run_key, suite, severity, expectation, has_passed, check_id, checked_at) values
    ('old', 's', 'stop', 'e', true, 'c', now() - interval '9 days'), ('newest', 's', 'stop', 'e', true, 'c', now());
insert into ops.ingest_days (source, day, run_key, n_before, n_ours, n_theirs, action, checked_at) values
    ('pos', '2026-01-01', 'looked-before', 1, 1, 1, 'kept', now() - interval '9 days'),
    ('pos', '2026-01-02', 'looked-before', 1, 1, 1, 'kept', now() - interval '9 days'),
    ('pos', '2026-01-02', 'looked-last', 1, 1, 1, 'kept', now() - interval '8 days'),
    ('oe', '2026-01-01', 'looked-before', 1, 1, null, 'read again', now() - interval '9 days'),
    ('oe', '2026-01-01', 'looked-last', 1, 1, null, 'read again', now() - interval '8 days'),
    ('oe', '2026-01-02', 'looked-last', 1, 1, null, 'read again', now() - interval '8 days');
insert into raw.company__rejects values
    ('r', 'pos', null, null, null, 1, 'why', 'd', '', 'ingest/pos/w/old/page-00002.json.gz', 'old');
insert into events.outbox (event_id, dataset_group, user_id, session_id, event_type, occurred_at, state, sent_at)
values
    ('sent', 'aisle', 'u', 's', 'purchase', now(), 'sent', now()),
    ('dead', 'aisle', 'u', 's', 'purchase', now(), 'dead', null);
create table cache.offline_similar_items__next as table cache.offline_similar_items;
insert into cache.offline_similar_items__next values ('p', '[]', now(), 'rank', 'dead-run');
"""
IN_USE = [
    "export/users/exported/users.csv",
    "export/users/imported/users.csv",
    "ingest/pos/w/old/page-00002.json.gz",
    "recommend/input/users/answered/users.json",
    "recommend/output/users/answered/users.json.out",
    "recommend/output/users/live-run/users.json.out",
    "recommend/output/users/previous-run/users.json.out",
    "recommend/output/users/reused/users.json.out",
    "site/not-of-the-line.html",
]
OLD = [
    "erase/users/old/users.csv",
    "evaluate/output/live/old/users.json.out",
    "export/users/old/users.csv",
    "ingest/pos/w/old/page-00001.json.gz",
    "recommend/output/users/old/users.json.out",
]


@pytest.fixture
def old_runs(warehouse_url: str, s3: Any, bucket: str, aws_connection: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a warehouse that many runs have left their traces in, as they have in the bucket."""
    from aisle.settings import get_settings

    with psycopg.connect(warehouse_url) as connection:
        connection.execute(RUNS.encode())
    for key in (*IN_USE, *OLD):
        s3.put_object(Bucket=bucket, Key=key, Body=b"twelve bytes")
    s3.create_multipart_upload(Bucket=bucket, Key="export/users/dead/users.csv")
    monkeypatch.setenv("AISLE_MAINTAIN__ARCHIVE_DAYS", "100")
    get_settings.cache_clear()
    return warehouse_url


@pytest.fixture
def run_maintain(airflow_metadata: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs the maintain DAG as of some time, but for what asks Personalize."""
    monkeypatch.setattr("aisle.stages.maintain.solutions.remove_solutions", lambda *_, **__: [])

    def run(run_key: str, at: datetime, **params: Any) -> set[str]:
        from airflow.dag_processing.dagbag import DagBag

        dag = DagBag(str(ROOT / "dags" / "maintain.py")).dags["maintain"]
        for task in dag.tasks:
            task.retries = 0
        run_after = at + timedelta(seconds=next(_SECONDS))
        ended = dag.test(run_after=run_after, run_conf={"run_key": run_key, **params})
        return {str(task.state) for task in ended.get_task_instances()}

    return run


def rows(url: str, query: str) -> list[Any]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def run_keys(url: str) -> dict[str, list[str]]:
    """Which runs each table still knows."""
    columns = {
        "ops.jobs": "run_key", "ops.exports": "run_key", "cache.generations": "generation",
        "cache.rejected_records": "generation", "ops.quality_results": "run_key", "events.outbox": "event_id",
        "ops.ingest_days": "source || day || run_key",
    }  # fmt: skip
    keys_of_tables = {table: rows(url, f"select {column} from {table} order by 1") for table, column in columns.items()}
    keys_of_tables["ops.receipts"] = rows(url, "select run_key from ops.receipts where stage <> 'maintain' order by 1")
    return {table: [key for (key,) in keys] for table, keys in keys_of_tables.items()}


def files(s3: Any, bucket: str) -> list[str]:
    return sorted(item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"])


def receipts(url: str) -> dict[str, Any]:
    return dict(rows(url, "select subject, details from ops.receipts where stage = 'maintain'"))


REMAINING = {
    "ops.jobs": ["answered", "imported"],
    "ops.exports": ["exported", "imported"],
    "cache.generations": ["live-run", "previous-run"],
    "cache.rejected_records": ["live-run"],
    "ops.quality_results": ["newest"],
    "events.outbox": ["dead"],
    "ops.ingest_days": [
        "oe2026-01-01looked-last",
        "oe2026-01-02looked-last",
        "pos2026-01-01looked-before",  # what the API said last of this day
        "pos2026-01-02looked-last",
    ],
    "ops.receipts": ["answered", "never-published", "previous-run"],
}


def test_what_is_past_its_retention_is_deleted_and_what_is_in_use_stays(
    run_maintain: Any, old_runs: str, s3: Any, bucket: str
) -> None:
    assert run_maintain("m1", LATER) == {"success"}
    assert files(s3, bucket) == IN_USE
    assert run_keys(old_runs) == REMAINING
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket)
    assert rows(old_runs, "select to_regclass('cache.offline_similar_items__next') is null") == [(True,)]


def test_all_that_was_removed_is_named_in_the_receipts_and_a_second_run_finds_nothing(
    run_maintain: Any, old_runs: str
) -> None:
    run_maintain("m1", LATER)
    receipt = receipts(old_runs)
    assert receipt["files"]["folders"] == {key.rpartition("/")[0]: 1 for key in OLD}
    assert receipt["files"]["uploads"] == ["export/users/dead/users.csv"]
    assert receipt["rows"]["tables"] == ["offline_similar_items"]
    assert receipt["rows"]["rows"]["receipts"] == {"old": 1}
    assert receipt["rows"]["rows"]["rejected_records"] == {"never-published": 1}
    run_maintain("m1", LATER)
    receipt = receipts(old_runs)
    assert (receipt["files"]["folders"], receipt["rows"]["rows"], receipt["rows"]["tables"]) == ({}, {}, [])


def test_a_dry_run_names_the_same_and_removes_nothing(run_maintain: Any, old_runs: str, s3: Any, bucket: str) -> None:
    before = run_keys(old_runs)
    assert run_maintain("m1", LATER, dry_run=True) == {"success"}
    named = receipts(old_runs)
    assert files(s3, bucket) == sorted(IN_USE + OLD)
    assert run_keys(old_runs) == before
    assert rows(old_runs, "select count(*) from cache.offline_similar_items__next") == [(1,)]
    run_maintain("m1", LATER)
    really = receipts(old_runs)
    for subject in ("files", "rows"):
        assert named[subject] == {**really[subject], "dry_run": True}
        assert json.dumps(named[subject]) != json.dumps(really[subject])


def test_what_is_young_stays_whether_in_use_or_not(run_maintain: Any, old_runs: str, s3: Any, bucket: str) -> None:
    before = run_keys(old_runs)
    assert run_maintain("m1", datetime.now(UTC) + timedelta(hours=1)) == {"success"}
    assert files(s3, bucket) == sorted(IN_USE + OLD)
    assert run_keys(old_runs) == before
    assert rows(old_runs, "select count(*) from cache.offline_similar_items__next") == [(1,)]


def test_a_staging_table_in_use_is_left_alone(old_runs: str) -> None:
    from aisle.stages.maintain.rows import drop_orphans

    with psycopg.connect(old_runs) as at_work:
        at_work.execute("select * from cache.offline_similar_items__next")
        assert drop_orphans(LATER, old_runs, dry_run=False) == []
    assert drop_orphans(LATER, old_runs, dry_run=False) == ["offline_similar_items"]


def test_the_caches_of_every_group_are_kept_tidy(old_runs: str, shops: Any) -> None:
    from aisle.cache.schema import prepare
    from aisle.settings import get_settings
    from aisle.stages.maintain.rows import drop_orphans, remove_rows, tidy
    from aisle.stages.maintain.terms import terms

    prepare(shops[1], old_runs)
    with psycopg.connect(old_runs) as connection:
        connection.execute("insert into cache_shop_north.generations select * from cache.generations")
        connection.execute("update cache_shop_north.generations set generation = 'north-' || generation")
        connection.execute("create table cache_shop_north.offline_similar_items__next as table cache.generations")
        connection.execute("alter table cache_shop_north.offline_similar_items__next add updated_at timestamp")
    until = terms(get_settings().maintain, LATER)
    gone = remove_rows(until, old_runs, dry_run=False)
    assert (gone["generations"], gone["cache_shop_north.generations"]) == ({"old": 1}, {"north-old": 1})
    used = sql("maintain/run_keys_in_use").encode()
    with psycopg.connect(old_runs) as connection:
        assert {"live-run", "north-live-run", "north-previous-run"} <= {key for (key,) in connection.execute(used)}
    orphans = drop_orphans(until.orphans, old_runs, dry_run=False)
    assert orphans == ["offline_similar_items", "cache_shop_north.offline_similar_items"]
    tidy(old_runs)


def test_every_table_of_people_that_serving_writes_is_pruned(warehouse_url: str) -> None:
    from aisle.stages.maintain.rows import AGED_IN_SERVING
    from services.migrations import upgrade

    upgrade(warehouse_url)
    named = {table.name for table in AGED_IN_SERVING} | {"churn_predictions"}
    columns = "select distinct table_name from information_schema.columns where table_schema = 'serving'"
    of_people = {table for (table,) in rows(warehouse_url, f"{columns} and column_name in ('user_id', 'session_id')")}
    assert len(of_people) > 5
    assert of_people - named == set()


def test_requests_of_the_shop_page_go_though_nobody_makes_another(warehouse_url: str) -> None:
    from aisle.settings import get_settings
    from aisle.stages.maintain.rows import remove_rows
    from aisle.stages.maintain.terms import terms
    from services.migrations import upgrade

    upgrade(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into serving.shop_requests (user_id, mode, product_ids, metadata, accepted_at) values"
            " ('old', 'products', '{a,b,c,d,e}', '{}', '2001-01-01'), ('new', 'products', '{a,b,c,d,e}', '{}', now())"
        )
    gone = remove_rows(terms(get_settings().maintain, datetime.now(UTC)), warehouse_url, dry_run=False)
    assert gone == {"shop_requests": {"2001-01-01": 1}}
    assert rows(warehouse_url, "select user_id from serving.shop_requests") == [("new",)]


def test_what_was_recommended_before_goes_and_the_newest_prediction_of_each_user_stays(warehouse_url: str) -> None:
    from aisle.settings import get_settings
    from aisle.stages.maintain.rows import remove_rows
    from aisle.stages.maintain.terms import terms
    from services.migrations import upgrade

    upgrade(warehouse_url)
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(
            "insert into serving.recommended_items"
            " (user_id, recommendation_id, item_id, algorithm, score, recommended_at) values"
            " ('u1', 'r1', 'i', 'hybrid', 1, '2001-01-01'), ('u1', 'r2', 'i', 'hybrid', 1, now())"
        )
        connection.execute(
            "insert into serving.recommendation_lists values ('u', 'hybrid', 'r', '', '', '[]', '2001-01-01')"
        )
        connection.execute("insert into serving.rate_limits values ('c', 1, '2001-01-01'), ('d', 1, now())")
        connection.execute(
            "insert into serving.churn_predictions values"
            " ('u1', '2001-01-01', 0.1), ('u1', '2001-01-02', 0.2), ('u2', '2001-01-01', 0.3), ('u3', now(), 0.4)"
        )
    gone = remove_rows(terms(get_settings().maintain, datetime.now(UTC)), warehouse_url, dry_run=False)
    assert list(gone) == ["recommendation_lists", "rate_limits", "recommended_items", "churn_predictions"]
    assert set(map(str, gone.values())) == {"{'2001-01-01': 1}"}
    with psycopg.connect(warehouse_url) as connection:
        kept = [
            connection.execute(f"select {column} from serving.{table} order by 1".encode()).fetchall()
            for table, column in (
                ("recommended_items", "recommendation_id"), ("recommendation_lists", "user_id"),
                ("rate_limits", "counter"), ("churn_predictions", "churn_risk"),
            )
        ]  # fmt: skip
    assert kept == [[("r2",)], [], [("d",)], [(0.2,), (0.3,), (0.4,)]]
