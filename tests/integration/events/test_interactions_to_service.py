"""What users do reaches the model within a minute, each once; what they do not want never does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi.testclient import TestClient

from aisle.contracts.event_types import EVENT_TYPES, read_event_types
from aisle.errors import ConfigurationError
from aisle.outbox import queue
from services.migrations import upgrade
from services.serving.app import create_app
from tests.integration.events.test_events_dag import bulk_rows
from tests.serving_shop import api_settings
from tests.waiting import wait_for

RunDag = Callable[..., dict[str, str]]
NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
POSITIVE = ["fundraise", "donate", "upvote", "share", "bookmark", "download", "comment", "click", "view", "like"]
NEGATIVE = ["hide", "not_interested", "downvote", "flag_content"]


@pytest.fixture
def webhook(shop: Any) -> Iterator[TestClient]:
    """The API over the shop's warehouse."""
    upgrade(shop.url)
    with ExitStack() as opened:
        app = create_app(api_settings(database_url=shop.url))
        yield opened.enter_context(TestClient(app, "http://localhost"))


def post(webhook: TestClient, *events: dict[str, Any]) -> None:
    answer = webhook.post("/webhooks/amplitude/", json={"events": list(events)})
    assert answer.json()["processed"] == len(events)


def event(event_type: str = "click", item_id: str | None = "P1", second: int = 0, **more: Any) -> dict[str, Any]:
    properties = {} if item_id is None else {"item_id": item_id}
    moment = int(NOON.timestamp() + second) * 1000
    return {
        "event_type": event_type, "user_id": "12345", "device_id": "d1", "session_id": 1, "time": moment,
        **more, "event_properties": properties | more.get("event_properties", {}),
    }  # fmt: skip


def queued(shop: Any) -> tuple[int, int]:
    with psycopg.connect(shop.url, autocommit=True) as connection:
        return astuple(queue.queue_interactions(connection))  # type: ignore[return-value]


def test_s1_58_positives_are_told_under_their_types_and_negatives_never(shop: Any, webhook: TestClient) -> None:
    kinds = [*POSITIVE, *NEGATIVE, "purchase", "dwell"]
    post(webhook, *[event(kind, f"of-{kind}") for kind in kinds])
    assert queued(shop) == (len(kinds), len(POSITIVE))
    rows = shop.outbox("item_id, event_type, event_value, state, source")
    assert {row["item_id"] for row in rows} == {f"of-{kind}" for kind in POSITIVE}
    by_item = {row["item_id"]: row for row in rows}
    assert (by_item["of-donate"]["event_type"], by_item["of-donate"]["event_value"]) == ("fundraise", 3.0)
    assert (by_item["of-like"]["event_type"], by_item["of-like"]["event_value"]) == ("upvote", 1.0)
    assert {(row["state"], row["source"]) for row in rows} == {("waiting", "amplitude")}


def test_each_is_queued_once_for_every_group(shop: Any, webhook: TestClient, three_groups: None) -> None:
    post(webhook, event(item_id="P1"), event(item_id="P2"))
    assert queued(shop) == (2, 2)
    post(webhook, event(item_id="P1"), event(item_id="P3"))
    assert queued(shop) == (1, 1)
    assert queued(shop) == (0, 0)
    rows = [
        (row["item_id"], row["dataset_group"], row["state"]) for row in shop.outbox("item_id, dataset_group, state")
    ]
    groups = [("aisle", "waiting"), ("Shop-North", "unsorted"), ("drinks", "unsorted")]
    assert sorted(rows) == sorted((item, *group) for item in ("P1", "P2", "P3") for group in groups)


def test_s1_34_an_event_carries_the_list_on_which_its_item_was_shown(
    shop: Any, webhook: TestClient, service: Any
) -> None:
    shown = [f"P{n}" for n in range(40)]
    post(
        webhook,
        event("initial_impression", None, 0, event_properties={"items_shown": ["P1", "older"]}),
        event("initial_impression", None, 5, event_properties={"items_shown": shown}),
        event("initial_impression", None, 20, event_properties={"items_shown": ["P1", "later"]}),
        event("initial_impression", None, 6, event_properties={"items_shown": ["P1"]}, session_id=2),
        event("click", "P1", 10),
        event("click", "not shown", 11),
    )
    queued(shop)
    service.send(shop)
    sent = {event["itemId"]: event for call in service.calls for event in call["eventList"]}
    assert sent["P1"]["impression"] == shown[:25]
    assert sent["P1"]["eventValue"] == 1.0  # S1-33: without a value of its own, the weight
    assert "impression" not in sent["not shown"]


def test_what_is_anonymous_waits_for_the_log_in(shop: Any, webhook: TestClient) -> None:
    post(webhook, event(user_id=None))
    assert queued(shop) == (0, 0)
    post(webhook, event("view", "P2", 60))
    assert queued(shop) == (2, 2)
    assert len({row["user_id"] for row in shop.outbox("user_id, item_id")}) == 1


def test_a_log_in_that_was_stored_at_the_same_moment_counts(shop: Any, webhook: TestClient) -> None:
    post(webhook, event(user_id=None))
    with psycopg.connect(shop.url) as connection:
        connection.execute(
            b"insert into serving.sessions (session_id, user_id, first_seen_at)"
            b" select session_id, 'u1', occurred_at + interval '1 second' from serving.interactions"
        )
    assert queued(shop) == (1, 1)
    assert shop.outbox("user_id") == ["u1"]


def test_what_was_shown_at_the_same_moment_as_the_log_in_is_the_users_too(shop: Any, webhook: TestClient) -> None:
    shown = {"items_shown": ["P1", "P2"], "recommendation_id": "r"}
    post(
        webhook,
        event("initial_impression", None, user_id=None, event_properties=shown),
        event("scroll_impression", None, 90, user_id=None, event_properties=shown),  # after it
        event("initial_impression", None, user_id=None, device_id="d2", event_properties=shown),
    )
    with psycopg.connect(shop.url) as connection:
        connection.execute(
            b"insert into serving.sessions (session_id, user_id, first_seen_at)"
            b" select session_id, 'u', occurred_at + interval '1 minute' from serving.impressions"
            b" where event_type = 'initial_impression' and session_id in"
            b" (select session_id from serving.impressions where event_type = 'scroll_impression')"
        )
    queued(shop)
    with psycopg.connect(shop.url) as connection:
        owners = connection.execute(b"select event_type, user_id from serving.impressions order by 1, 2").fetchall()
    assert owners == [("initial_impression", "u"), ("initial_impression", None), ("scroll_impression", None)]


def test_what_no_service_takes_is_dead_from_the_start(shop: Any, webhook: TestClient) -> None:
    post(webhook, event(item_id="P1"), event(item_id="P2"))
    with psycopg.connect(shop.url) as connection:
        connection.execute(b"update serving.interactions set item_id = E'P\\n1' where item_id = 'P1'")
    queued(shop)
    assert sorted(row["state"] for row in shop.outbox("item_id, state")) == ["dead", "waiting"]


def test_a_warehouse_without_the_serving_api_queues_nothing(shop: Any) -> None:
    assert queued(shop) == (0, 0)


def test_more_than_fits_in_a_step_is_queued_all_the_same(
    shop: Any, webhook: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "_STEP_EVENTS", 2)
    post(webhook, *[event(item_id=f"P{n}") for n in range(5)])
    assert queued(shop) == (5, 5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('version = ""\n[types]\n', "version is empty"),
        ('version = "1"\n[types]\nhide = { weight = -1.0, exported_as = "view" }\n', "weighs below 0"),
        ('version = "1"\n[types]\nseen = { exported_as = "view", impression = true }\n', "an impression goes with"),
        ('version = "1"\n[types]\nview = { exported_as = "two words" }\n', "not one word"),
        ('version = "1"\n[types]\nview = { weight = nan }\n', "not a finite number"),
        ('version = "1"\n[types]\nview = { wieght = 1.0 }\n', "wieght"),
        ('version = "1"\n[types]\n' + "".join(f'a{n} = {{ exported_as = "a{n}" }}\n' for n in range(11)), "takes 10"),
        ("version =", "reading the event types"),
    ],
)
def test_s1_26_a_table_of_types_that_cannot_hold_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "types.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=problem):
        read_event_types(path)


def test_s1_26_weights_are_changed_in_a_file_and_stored_with_its_version(shop: Any, tmp_path: Path) -> None:
    upgrade(shop.url)
    path = tmp_path / "types.toml"
    path.write_text(
        EVENT_TYPES.read_text().replace('version = "1"', 'version = "2"').replace("weight = 1.0", "weight = 9.0")
    )
    app = create_app(api_settings(database_url=shop.url, event_types_file=path))
    with TestClient(app, "http://localhost") as webhook:
        post(webhook, event())
    with psycopg.connect(shop.url) as connection:
        stored = connection.execute(b"select weight, weights_version from serving.interactions").fetchall()
    assert stored == [(9.0, "2")]


def test_s1_70_a_posted_click_changes_the_next_recommendations(
    shop: Any, model: Any, webhook: TestClient, run_dag: RunDag, quiet_company: None
) -> None:
    model.import_rows(*bulk_rows(shop))
    taste = model.serve("taste", model.train("taste", "aws-user-personalization"))
    post(webhook, event("view", "P0"))
    with psycopg.connect(shop.url) as connection:
        ((user_id,),) = connection.execute(b"select user_id from serving.interactions").fetchall()
    before = model.recommended(taste, userId=user_id)
    clicks = [event("click", f"P{item}", second) for second, item in enumerate((1, 3, 5, 7, 9))]
    post(webhook, *clicks, event("hide", "P11", 10))
    assert run_dag("events", "first")["send"] == "success"
    wait_for(lambda: model.recommended(taste, userId=user_id) != before, "other recommendations", seconds=300)
    expected = [("P0", "view"), *[(f"P{item}", "click") for item in (1, 3, 5, 7, 9)]]
    assert sorted((event["ITEM_ID"], event["EVENT_TYPE"]) for event in model.events()) == expected
    post(webhook, *clicks)
    assert run_dag("events", "idle")["send"] == "skipped"
    assert len(model.events()) == 6
