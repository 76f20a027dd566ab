from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.usage import UsageError


@pytest.fixture
def with_dead_events(shop: Any, make_order: Callable[..., Any], service: Any) -> Any:
    """A shop with one event that was refused for good, and two that wait."""
    shop.land(make_order(1), make_order(2))
    shop.execute("delete from events.outbox where order_id = 'A0002' and item_id = 'CUP'")
    service.refuse("CUP")
    service.send(shop, attempts=1)
    shop.land(make_order(3))
    assert sorted(shop.outbox("state")) == ["dead", "sent", "sent", "waiting", "waiting"]
    return shop


def replay(url: str, *options: str) -> str:
    ended = CliRunner().invoke(app, ["events", "replay", "--url", url, *options])
    assert ended.exit_code == 0, ended.output
    return ended.output


def test_a_dry_run_counts_the_dead_with_their_reason_and_changes_nothing(with_dead_events: Any) -> None:
    before = with_dead_events.outbox("event_id, state, attempts, last_error")
    said = replay(with_dead_events.url, "--dry-run")
    assert "1  " in said
    assert "scripted InvalidInputException" in said
    assert "1 dead events; nothing was changed" in said
    assert with_dead_events.outbox("event_id, state, attempts, last_error") == before


def test_a_replay_counts_what_waits_again_and_the_next_run_sends_it(with_dead_events: Any, service: Any) -> None:
    dead = with_dead_events.outbox("event_id", where="state = 'dead'")
    assert "1 dead events; 1 wait again" in replay(with_dead_events.url)
    assert "0 dead events; 0 wait again" in replay(with_dead_events.url)
    service.refuse()
    assert service.send(with_dead_events).n_sent == 3
    assert set(dead) <= set(service.event_ids)


def test_reasons_are_listed_by_group_and_one_group_can_be_replayed_alone(with_dead_events: Any) -> None:
    with_dead_events.execute(
        "insert into events.outbox (event_id, dataset_group, user_id, session_id, event_type, occurred_at, state,"
        " last_error) values ('e', 'shop-north', 'u', 's', 'purchase', now(), 'dead', 'no such item')"
    )
    url = with_dead_events.url
    said = replay(url, "--dry-run")
    assert "1  aisle: InvalidInputException" in said
    assert "1  shop-north: no such item" in said
    alone = replay(url, "--group", "shop-north")
    assert "1  no such item" in alone
    assert "1 dead events; 1 wait again" in alone
    assert with_dead_events.outbox("dataset_group", "state = 'dead'") == ["aisle"]


@pytest.mark.parametrize("name", ["nonsense", "Aisle", ""])
def test_a_group_that_is_unknown_is_refused_with_those_that_there_are(with_dead_events: Any, name: str) -> None:
    ended = CliRunner().invoke(app, ["events", "replay", "--url", with_dead_events.url, "--group", name])
    assert isinstance(ended.exception, UsageError)
    assert with_dead_events.outbox("dataset_group")[0] in str(ended.exception)
    assert with_dead_events.outbox("state").count("dead") == 1
