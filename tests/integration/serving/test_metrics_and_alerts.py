"""What is counted, what the cache looks like in numbers, and the alert rules over both."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from fastapi.testclient import TestClient

from aisle.settings import PROJECT_ROOT
from services.migrations import upgrade
from services.serving.app import create_app
from tests.serving_metrics import samples
from tests.serving_shop import KEY, Shop, api_settings

RULES = PROJECT_ROOT / "include/monitoring/serving-alerts.yml"
ALERTS = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


@pytest.fixture
def served(shop: Shop) -> TestClient:
    upgrade(shop.url)
    shop.list_of("users", "u1", ("mug", 0.9))
    shop.publish("20261121T060000")
    shop.run(
        "update cache.generations set user_lists = 90, users_asked = 100, published_at = %(at)s",
        at=datetime(2026, 11, 21, 8, tzinfo=UTC),
    )
    return shop.api()


def test_s1_50_s2_84_coverage_age_and_update_time_of_the_live_generation(
    served: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.serving.health.service.now", lambda: datetime(2026, 11, 21, 9, tzinfo=UTC))
    gauges = {name: value for (name, _), value in samples(served).items()}
    assert gauges["aisle_serving_coverage_ratio"] == 0.9
    assert gauges["aisle_serving_generation_age_seconds"] == 3_600
    assert gauges["aisle_serving_update_seconds"] == 7_200
    assert gauges["aisle_serving_warehouse_up"] == 1


def test_a_generation_named_by_hand_has_no_update_time_and_an_empty_warehouse_no_generation(
    served: TestClient, shop: Shop
) -> None:
    shop.run("update cache.generations set generation = 'by-hand'")
    assert not any(name == "aisle_serving_update_seconds" for name, _ in samples(served))
    shop.run("delete from cache.generations")
    names = {name for name, _ in samples(served)}
    assert "aisle_serving_warehouse_up" in names
    assert "aisle_serving_coverage_ratio" not in names


def test_s1_45_to_48_every_metric_of_the_rules_is_exposed(served: TestClient) -> None:
    served.get("/api/v1/recommendations/u1")
    text = served.get("/metrics").text
    named = set(re.findall(r"\baisle_serving_\w+", RULES.read_text()))
    exposed = set(re.findall(r"# TYPE (\w+)", text))
    assert {re.sub(r"_(count|sum|bucket)$", "", name) for name in named} <= exposed


def test_no_metric_names_a_user_or_an_item(served: TestClient) -> None:
    served.get("/api/v1/recommendations/u1")
    assert not {"u1", "mug"} & {value for _, labels in samples(served) for _, value in labels}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_every_alert_says_what_is_wrong_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["annotations"]["summary"].endswith(".")
    assert alert["annotations"]["action"].endswith(".")
    assert alert["labels"]["severity"] in ("page", "ticket")


@pytest.fixture(scope="session")
def promtool() -> str:
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("promtool is not installed; Debian's package prometheus has it")
    return path


def fired(promtool: str, folder: Path, alert: str, series: dict[str, str], minutes: int) -> bool:
    """Whether Prometheus itself fires an alert over values that it has scraped, one a minute."""
    test = {
        "rule_files": [str(RULES)],
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "alert_rule_test": [{"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": []}],
            }
        ],
    }
    path = folder / "alerts.test.yml"
    path.write_text(json.dumps(test))
    done = subprocess.run([promtool, "test", "rules", str(path)], capture_output=True, text=True, check=False)
    assert "got:" in done.stdout + done.stderr or done.returncode == 0, done.stderr
    return done.returncode != 0


def test_prometheus_accepts_the_rules(promtool: str) -> None:
    done = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_s1_47_s1_59_events_that_cannot_be_stored_fire_an_alert(promtool: str, tmp_path: Path) -> None:
    body = {"event_type": "click", "user_id": "12345", "event_properties": {"item_id": "mug"}}
    away = api_settings(database_url="postgresql://127.0.0.1:1/none", wait_seconds=0.2)
    with TestClient(create_app(away), "http://localhost", headers={"X-API-Key": KEY}) as client:
        before = samples(client)
        refused = client.post("/2/httpapi", json={"api_key": KEY, "events": [body]})
        assert refused.status_code == 429, refused.text
        after = samples(client)
    failure = ("aisle_serving_event_failures_total", (("error", "database_unreachable"),))
    series, so_far = 'aisle_serving_event_failures_total{error="database_unreachable"}', before[failure]
    alert = "AisleEventsNotStored"
    assert after[failure] == so_far + 1
    assert fired(promtool, tmp_path, alert, {series: f"{so_far:g}x2 {after[failure]:g}x5"}, 5)
    assert not fired(promtool, tmp_path, alert, {series: f"{after[failure]:g}x7"}, 5)
    assert after["aisle_serving_warehouse_up", ()] == 0
    assert fired(promtool, tmp_path, "AisleWarehouseUnreachable", {'aisle_serving_warehouse_up{job="x"}': "1x3 0x5"}, 7)


CACHED, POPULAR = (f'aisle_serving_answers_total{{question="user",source="{name}"}}' for name in ("cache", "popular"))
ANSWERED, REFUSED, FAILED = (
    f'aisle_serving_request_seconds_count{{route="/api/v1/popular",status="{status}"}}' for status in (200, 404, 503)
)
CAMPAIGN_FAILED = 'aisle_serving_campaign_failures_total{reason="timeout"}'


def latencies(within_200_ms: int) -> dict[str, str]:
    """Return the buckets of 100 answered recommendations a minute, of which so many took no longer than 200 ms."""
    counts = {"0.1": 0, "0.2": within_200_ms, "0.5": 100, "+Inf": 100}
    labels = 'route="/api/v1/recommendations/{user_id:path}",status="200"'
    return {
        f'aisle_serving_request_seconds_bucket{{{labels},le="{bound}"}}': f"0+{count}x40"
        for bound, count in counts.items()
    }


@pytest.mark.parametrize(
    ("alert", "series", "minutes", "is_fired"),
    [
        ("AisleHitRateLow", {CACHED: "0+90x200", POPULAR: "0+10x200"}, 180, True),
        ("AisleHitRateLow", {CACHED: "0+97x200", POPULAR: "0+3x200"}, 180, False),
        ("AisleCoverageLow", {'aisle_serving_coverage_ratio{group="shop"}': "0.9x5"}, 3, True),
        ("AisleCoverageLow", {'aisle_serving_coverage_ratio{group="shop"}': "0.96x5"}, 3, False),
        ("AisleListsOld", {'aisle_serving_generation_age_seconds{group="shop"}': "86000+60x20"}, 15, True),
        ("AisleUpdateLate", {'aisle_serving_update_seconds{group="shop"}': "90000x5"}, 3, True),
        ("AisleServingErrors", {FAILED: "0+2x30", ANSWERED: "0+98x30"}, 25, True),
        ("AisleServingErrors", {FAILED: "0+1x30", ANSWERED: "0+199x30"}, 25, False),
        ("AisleServingErrors", {REFUSED: "0+50x30", ANSWERED: "0+50x30"}, 25, False),
        ("AisleServingSlow", latencies(within_200_ms=90), 30, True),
        ("AisleServingSlow", latencies(within_200_ms=97), 30, False),
        ("AisleRecommenderFails", {CAMPAIGN_FAILED: "0+1x40"}, 30, True),
        ("AisleRecommenderFails", {CAMPAIGN_FAILED: "7x40"}, 30, False),
        ("AisleServingDown", {'up{job="aisle-serving"}': "1x3 0x5"}, 7, True),
    ],
)
def test_s1_59_s2_82_to_s2_84_alerts_fire_past_their_thresholds(
    promtool: str, tmp_path: Path, alert: str, series: dict[str, str], minutes: int, is_fired: bool
) -> None:
    assert fired(promtool, tmp_path, alert, series, minutes) == is_fired
