"""`aisle doctor`: each kind of trouble is named, with what to do about it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import psycopg
import pytest

from aisle.contracts.event_types import read_event_types
from aisle.groups.dataset_group import dataset_groups
from aisle.settings import Settings
from aisle.warehouse import create_cache
from services.cli.program import run
from services.doctor.api import ApiChecks
from services.doctor.data import DataChecks
from services.doctor.findings import Finding
from services.doctor.program import log
from services.migrations import upgrade
from services.stack.secrets import StackSecrets
from tests.scripted_api import scripted_api
from tests.served_api import served_api
from tests.serving_shop import KEY

FIRST = dataset_groups()[0]
PRODUCTS = """
create table core.products as
select
    item_id as product_id, true as is_product, 1::bigint as n_orders, null::text as product_name,
    null::text as category, null::numeric as last_price, null::timestamptz as last_sold_at
from personalize.items;
"""
GENERATION = """
insert into cache.generations values ('20261130T0600', 'live', 120, 40, 120, 40, '{"users": "arn:users"}', now());
insert into cache.offline_similar_items
select item_id, '[]', now(), 'engine', '20261130T0600' from personalize.items;
insert into cache.offline_user_recommendations
select user_id, '[]', now(), 'engine', '20261130T0600' from personalize.users;
insert into ops.exports values ('items', 'run', 's3://bucket/items.csv', 40, 1, 'sha');
"""
MODELS = (
    "insert into ops.model_versions (solution, solution_version_arn, run_key, state) values (%s, %s, 'run', 'live')"
)


@pytest.fixture
def healthy(marts: str) -> str:
    """URL of a warehouse in which all is well."""
    upgrade(marts)
    execute(marts, PRODUCTS)
    with psycopg.connect(marts) as connection:
        create_cache(connection, "cache")
        for solution in FIRST.solutions:
            connection.execute(MODELS, [FIRST.key(solution), f"arn:{solution}"])
    execute(marts, GENERATION)
    return marts


def execute(url: str, statements: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statements.encode())


def finding(url: str, check: str) -> Finding:
    with psycopg.connect(url) as connection:
        connection.read_only = True
        made: Finding = getattr(DataChecks(connection, FIRST, timedelta(hours=6)), check)()
    return made


def test_s2_97_the_newest_load_says_its_age_and_its_model(healthy: str) -> None:
    made = finding(healthy, "freshness")
    assert made.state == "ok"
    assert "generation 20261130T0600, 0.0 h old" in made.facts[0]
    assert "users by arn:users" in made.facts


@pytest.mark.parametrize(
    ("damage", "state", "said"),
    [
        ("delete from cache.generations", "failed", "publish"),
        ("update cache.generations set user_lists = 0", "failed", "recommend"),
        ("update cache.generations set published_at = now() - interval '7 hours'", "look", "time to live"),
        ("update cache.generations set state = 'retired'", "failed", "publish"),
    ],
)
def test_s2_97_what_is_wrong_with_the_lists_is_said(healthy: str, damage: str, state: str, said: str) -> None:
    execute(healthy, damage)
    made = finding(healthy, "freshness")
    assert (made.state, said in made.remedy) == (state, True)


def test_s2_98_samples_are_shown_with_size_seed_and_region(healthy: str) -> None:
    assert finding(healthy, "samples").facts == ["nobody has asked for a region yet"]
    keep_sample(healthy, "LAHORE", n_sampled=50, n_with_list=49)
    made = finding(healthy, "samples")
    assert made.state == "ok"
    assert "city LAHORE" in made.facts[0]
    assert "50 of 812 active customers, 49 of them with a list, seed city:LAHORE" in made.facts[0]
    keep_sample(healthy, "MULTAN", n_sampled=50, n_with_list=20)
    made = finding(healthy, "samples")
    assert (made.state, "MULTAN" in made.remedy, "LAHORE" in made.remedy) == ("look", True, False)


def keep_sample(url: str, region: str, **counts: int) -> None:
    result = {"n_active_users": 812, "seed": f"city:{region}", **counts}
    with psycopg.connect(url) as connection:
        connection.execute(
            "insert into serving.region_results values ('city', %s, date_trunc('hour', now()), 'g', %s)",
            [region, json.dumps(result)],
        )


def test_s2_99_the_catalogue_is_compared_with_export_and_lists(healthy: str) -> None:
    made = finding(healthy, "catalogue")
    assert (made.state, made.facts[0]) == (
        "ok", "40 products, 40 in the group's mart, 40 in the newest export, 40 with a list of similar items",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("insert into core.products values ('NEW', true)", '"NEW"; start transform'),
        ("delete from cache.offline_similar_items where product_id in ('P001', 'P002')", '"P001", "P002"'),
        ("update ops.exports set n_rows = 39", "start export"),
        ("delete from ops.exports", "start export"),
    ],
)
def test_s2_99_products_that_are_missing_somewhere_are_named(healthy: str, damage: str, said: str) -> None:
    execute(healthy, damage)
    made = finding(healthy, "catalogue")
    assert (made.state, said in made.remedy) == ("look", True)


def test_s2_99_a_product_that_is_held_back_or_none_is_not_missing(healthy: str) -> None:
    execute(healthy, "insert into core.products values ('POSTAGE', false), ('A PERSON', true)")
    execute(healthy, "insert into core.held_back_items values ('A PERSON', 'item_id', 'email', 'x')")
    assert finding(healthy, "catalogue").state == "ok"


def test_s2_100_look_ups_show_their_plan_and_their_time(healthy: str) -> None:
    made = finding(healthy, "lookups")
    assert len(made.facts) == 2
    for fact, table in zip(made.facts, ["offline_user_recommendations", "offline_similar_items"], strict=True):
        assert fact.startswith(f"{table}: ")
        assert "Scan" in fact
        assert fact.endswith(" ms")


def test_s1_56_learning_data_are_compared_with_the_minimum_and_models_have_their_age(healthy: str) -> None:
    made = finding(healthy, "learning")
    assert made.state == "ok"
    assert made.facts[0] == "1440 interactions (at least 1000), 120 users with two (at least 25)"
    assert sum("is 0.0 days old" in fact for fact in made.facts) == len(FIRST.solutions)


def test_s1_56_the_weights_of_events_are_shown_with_their_version(healthy: str) -> None:
    facts = finding(healthy, "learning").facts
    table = read_event_types()
    (weights,) = [fact for fact in facts if fact.startswith(f"weights of version {table.version}: ")]
    shown = dict(weight.rsplit(" ", 1) for weight in weights.partition(": ")[2].split(", "))
    assert {name: float(weight) for name, weight in shown.items()} == {
        name: kind.weight for name, kind in table.types.items() if kind.weight is not None
    }
    assert "without a weight: like, ai_usage, purchase, dwell" in facts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('version = "shop-7"\n[types]\nclick = { weight = 4.25 }', "weights of version shop-7: click 4.25"),
        ('version = "8"\n[types]\ndwell = {}', "without a weight: dwell"),
        ('version = "9"\n[types]\nhide = { weight = -2.0 }\nshare = { weight = 1 }', "hide -2, share 1"),
    ],
)
def test_s1_56_the_weights_are_those_of_the_file_that_the_settings_name(
    healthy: str, tmp_path: Path, settings_of: Callable[..., Settings], content: str, said: str
) -> None:
    path = tmp_path / "types.toml"
    path.write_text(content)
    settings_of(AISLE_EVENTS__TYPES_FILE=str(path))
    assert said in "\n".join(finding(healthy, "learning").facts)


@pytest.mark.parametrize(
    ("damage", "state", "said"),
    [
        ("delete from personalize.interactions where item_id > 'P002'", "failed", "backfill"),
        ("delete from personalize.interactions", "failed", "backfill"),
        ("delete from ops.model_versions", "failed", "start train"),
        ("update ops.model_versions set trained_at = now() - interval '40 days'", "look", "start train"),
    ],
)
def test_s1_56_what_keeps_quality_low_is_said(healthy: str, damage: str, state: str, said: str) -> None:
    execute(healthy, damage)
    made = finding(healthy, "learning")
    assert (made.state, said in made.remedy) == (state, True)


WAITING = (
    "insert into events.outbox"
    " (event_id, dataset_group, user_id, session_id, event_type, occurred_at, state, queued_at)"
    f" values ('e', '{FIRST.name}', 'u-secret', 's', 'purchase', now(), '{{state}}', now() - interval '{{age}}')"
)


@pytest.mark.parametrize(
    ("state", "age", "expected"),
    [("waiting", "1 minute", "ok"), ("waiting", "2 hours", "failed"), ("dead", "2 hours", "look")],
)
def test_s1_55_events_that_are_not_sent_are_counted(healthy: str, state: str, age: str, expected: str) -> None:
    assert finding(healthy, "outbox").facts == ["nothing waits"]
    execute(healthy, WAITING.format(state=state, age=age))
    made = finding(healthy, "outbox")
    assert (made.state, made.facts[0].startswith(f"1 {state}")) == (expected, True)
    assert "u-secret" not in str(made)


RECEIVED = (
    "insert into serving.received_events (event_id, source, event_type, outcome, reason)"
    " values ('a', 'amplitude', 'click', 'processed', null), ('b', 'amplitude', 'x', 'skipped', 'irrelevant');"
)
IMPRESSION = (
    "insert into serving.impressions (event_id, source, session_id, weights_version, occurred_at, event_type, item_ids)"
    " values ('i', 'amplitude', 's', '1', now(), 'initial_impression', '{a}')"
)


def test_s1_54_what_came_in_is_counted_by_outcome_and_silence_is_said(healthy: str) -> None:
    silent = finding(healthy, "received")
    assert (silent.state, silent.facts[0], "Amplitude" in silent.remedy) == ("look", "no event in the last day", True)
    execute(healthy, RECEIVED)
    blind = finding(healthy, "received")
    assert (blind.state, "impressions" in blind.remedy) == ("look", True)
    execute(healthy, IMPRESSION)
    made = finding(healthy, "received")
    assert made.state == "ok"
    assert [fact.partition(" from")[0] for fact in made.facts[:2]] == ["1 processed", "1 skipped (irrelevant)"]
    assert made.facts[2] == "in the last week 1 impressions beside 0 interactions"


def test_s2_101_one_command_runs_all_checks_and_one_that_cannot_be_made_spoils_no_other(
    healthy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    execute(healthy, "drop table core.products")
    assert run(["doctor", "--url", healthy]) == 1
    printed = capsys.readouterr().out
    assert 'could not be checked: relation "core.products" does not exist' in printed
    assert "start transform" in printed
    assert "generation 20261130T0600" in printed
    assert "1440 interactions" in printed
    assert printed.splitlines()[-1].startswith("1 failed, ")


def test_s2_101_all_is_well_ends_with_status_0(healthy: str, capsys: pytest.CaptureFixture[str]) -> None:
    execute(healthy, RECEIVED)
    execute(healthy, IMPRESSION)
    assert run(["doctor", "--url", healthy]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 failed, 0 to look at, 7 ok"


def test_s2_101_one_run_looks_at_data_cache_api_service_and_logs(
    healthy: str, engine_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "serving.log").write_text('{"event": "u-secret", "level": "error"}\n')
    (logs / "engine.log").write_text('{"event": "started", "level": "info"}\n')
    with served_api(database_url=healthy) as api_url:
        addresses = SimpleNamespace(warehouse_url=healthy, serving=api_url, personalize_endpoint=engine_url)
        secrets = replace(StackSecrets.make(), serving_api_key=KEY)
        stack = SimpleNamespace(home=tmp_path, addresses=addresses, secrets=secrets)
        for module in ("services.stack.running", "services.resources.clients"):
            monkeypatch.setattr(f"{module}.running_stack", lambda: stack)
        status = run(["doctor"])
    printed = capsys.readouterr().out
    for subject, fact in (
        ("learning data", "1440 interactions (at least 1000)"),
        (f"lists of {FIRST.name}", "generation 20261130T0600, 0.0 h old"),
        (f"look-ups in {FIRST.cache_schema}", "offline_user_recommendations: "),
        (f"API at {api_url}", "200 generation 20261130T0600"),
        (f"API at {api_url}", "popular products: 200"),
        ("webhook", "a test event: 200"),
        (f"event tracker of {FIRST.name}", "the service has no such dataset group"),
        ("log of serving", "1 errors"),
        ("log of engine", "0 errors"),
    ):
        assert fact in printed.partition(subject)[2].partition("\n")[2], subject
    assert "u-secret" not in printed
    assert status == 1
    assert printed.splitlines()[-1].startswith("2 failed, ")


def test_nothing_is_changed_by_looking(healthy: str) -> None:
    tables = ("cache.generations", "serving.received_events", "ops.exports", "events.outbox")

    def counts() -> list[Any]:
        with psycopg.connect(healthy) as connection:
            return [connection.execute(f"select count(*) from {table}".encode()).fetchone() for table in tables]

    before = counts()
    run(["doctor", "--url", healthy])
    assert counts() == before


def test_s2_101_errors_in_logs_are_counted_and_not_repeated(tmp_path: Path) -> None:
    path = tmp_path / "serving.log"
    path.write_text('{"event": "request", "level": "info"}\n')
    assert log(path).state == "ok"
    path.write_text('{"event": "u-secret", "level": "error"}\nTraceback (most recent call last):\n' * 2)
    made = log(path)
    assert (made.state, made.facts[0]) == ("look", "4 errors")
    assert "u-secret" not in str(made)


@pytest.mark.parametrize(
    ("status", "body", "state", "said"),
    [
        (200, {"generation": "g1"}, "ok", "200 generation g1"),
        (503, {"error": {"code": "cache_empty", "message": "run the publish DAG once"}}, "failed", "publish DAG"),
        (401, {"error": {"code": "unauthorized", "message": "not accepted"}}, "failed", "not accepted"),
        (200, b"<html>", "failed", "not an answer of Aisle"),
        (200, b"[]", "failed", "not an answer of Aisle"),
    ],
)
def test_s2_101_what_the_api_says_is_shown(status: int, body: Any, state: str, said: str) -> None:
    with scripted_api() as api:
        api.answers(status, body)
        made = ApiChecks.of(api.url, "key", "").readiness()
    assert said in made.facts[0]
    assert (made.state == "failed") == (state == "failed")


@pytest.mark.parametrize(("secret", "status", "state"), [("", 200, "ok"), ("s", 200, "ok"), ("s", 401, "failed")])
def test_s1_54_the_webhook_is_tried_as_amplitude_would(secret: str, status: int, state: str) -> None:
    with scripted_api() as api:
        api.answers(status, {"message": "Webhook successfully processed", "processed": 0, "skipped": 1})
        made = ApiChecks.of(api.url, "key", secret).webhook()
        (sent,) = api.requests
    assert (sent.method, sent.path) == ("POST", "/webhooks/amplitude/")
    assert sent.headers.get("X-Webhook-Secret", "") == secret
    assert made.state == state


def test_an_api_that_does_not_answer_is_a_finding() -> None:
    checks = ApiChecks(httpx.Client(base_url="http://127.0.0.1:1"), "")
    assert (checks.readiness().state, checks.webhook().state) == ("failed", "failed")
