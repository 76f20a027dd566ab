"""What PutEvents would not take is put aside before it is sent, with its reason, and holds up nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from typing import Any

import psycopg
import pytest

from aisle.outbox import queue
from personalize_kinds.limits import MAX_ID_LENGTH

MakeOrder = Callable[..., Any]

LONGEST = "x" * MAX_ID_LENGTH
SOUND = {"user_id": "u", "session_id": "s", "event_type": "purchase", "item_id": "TEA", "event_value": 1.0}
NOW = "now()"

#: One fault an event; what the reason has to name.
FAULTS = [
    ({"item_id": ""}, NOW, "itemId is missing"),
    ({"item_id": None}, NOW, "itemId is missing"),
    ({"item_id": LONGEST + "x"}, NOW, "itemId has 257 characters"),
    ({"item_id": "TEA\x1b[31m"}, NOW, "itemId has control characters"),
    ({"item_id": "TEA\nCUP"}, NOW, "itemId has control characters"),
    ({"user_id": ""}, NOW, "userId is missing"),
    ({"user_id": LONGEST + "x"}, NOW, "userId has 257 characters"),
    ({"session_id": ""}, NOW, "sessionId has 0 characters"),
    ({"session_id": LONGEST + "x"}, NOW, "sessionId has 257 characters"),
    ({"event_type": "two words"}, NOW, "eventType is 'two words'"),
    ({"event_type": ""}, NOW, "eventType is ''"),
    ({"event_type": "x" * 65}, NOW, "eventType is 'xxx"),
    ({"event_value": float("nan")}, NOW, "eventValue is NaN"),
    ({"event_value": float("inf")}, NOW, "eventValue is Infinity"),
    ({"event_value": float("-inf")}, NOW, "eventValue is -Infinity"),
    ({}, "'infinity'", "sentAt is infinity"),
    ({}, "'-infinity'", "sentAt is -infinity"),
    ({}, "'0044-03-15 BC'", "before 1970"),
    ({}, "'20000-01-01'", "more than a day ahead"),
    ({}, "now() + interval '10 days'", "more than a day ahead"),
]


@pytest.mark.parametrize(("changes", "occurred_at", "reason"), FAULTS, ids=[reason for *_, reason in FAULTS])
def test_an_event_that_no_service_takes_has_a_reason(
    shop: Any, changes: dict[str, Any], occurred_at: str, reason: str
) -> None:
    assert reason in str(_fault(shop, SOUND | changes, occurred_at))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"user_id": LONGEST, "session_id": LONGEST, "item_id": LONGEST},
        {"item_id": "چائے|tea ☕"},
        {"event_value": None},
        {"event_value": 3e38},
        {"event_value": 0.001},
    ],
    ids=["plain", "longest ids", "any script", "no value", "large", "small"],
)
def test_an_event_at_the_limits_of_the_contract_is_sent(shop: Any, changes: dict[str, Any]) -> None:
    assert _fault(shop, SOUND | changes, NOW) is None


def _fault(shop: Any, event: dict[str, Any], occurred_at: str) -> str | None:
    query = (
        "select events.why_unsendable(%(user_id)s, %(session_id)s, %(event_type)s, %(item_id)s,"
        f" %(event_value)s::real, ({occurred_at})::timestamptz)"
    )
    with psycopg.connect(shop.url) as connection:
        ((fault,),) = connection.execute(query.encode(), event).fetchall()
    return fault


def test_what_cannot_be_sent_is_dead_when_it_is_queued_and_its_order_lands_all_the_same(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    shop.execute(
        "create function lengthen() returns trigger language plpgsql as"
        " $$ begin new.product_id = repeat('T', 300); return new; end $$;"
        "create trigger lengthen before insert on raw.company__product_spellings"
        " for each row when (new.product_key = 'TEA') execute function lengthen()"
    )
    shop.land(make_order(1))
    reason = "itemId has 300 characters; 256 are allowed"
    assert shop.outbox("state, attempts, last_error") == [
        {"state": "waiting", "attempts": 0, "last_error": None},
        {"state": "dead", "attempts": 0, "last_error": reason},
    ]
    sent = service.send(shop)
    assert (sent.n_sent, sent.n_refused, sent.n_dead) == (1, 0, 0)


@pytest.mark.parametrize(
    "spoil",
    [
        "occurred_at = 'infinity'",
        "occurred_at = '0044-03-15 BC'",
        "occurred_at = '20000-01-01'",
        "event_value = 'NaN'",
        "item_id = repeat('x', 257)",
    ],
)
def test_an_unsendable_event_of_an_older_version_keeps_no_other_back(
    shop: Any, make_order: MakeOrder, service: Any, spoil: str
) -> None:
    shop.land(make_order(1), make_order(2))
    shop.execute(f"update events.outbox set {spoil} where item_id = 'TEA'")
    with psycopg.connect(shop.url) as connection:
        assert queue.put_aside(connection, "aisle") == 2
        assert queue.put_aside(connection, "aisle") == 0
    assert astuple(service.send(shop))[:3] == (2, 0, 0)
    assert shop.outbox("state", where="last_error is not null") == ["dead", "dead"]


def test_a_replay_of_what_still_cannot_be_sent_puts_it_aside_again(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    shop.land(make_order(1))
    shop.execute("update events.outbox set event_value = 'NaN' where item_id = 'TEA'")
    with psycopg.connect(shop.url) as connection:
        queue.put_aside(connection, "aisle")
        assert queue.replay_dead(connection, "aisle") == 1
        assert queue.put_aside(connection, "aisle") == 1
    assert astuple(service.send(shop))[:3] == (1, 0, 0)


def test_a_corrected_order_brings_its_dead_event_back(shop: Any, make_order: MakeOrder, service: Any) -> None:
    order = make_order(1)
    shop.land(order)
    shop.execute("update events.outbox set event_value = 'NaN' where item_id = 'TEA'")
    with psycopg.connect(shop.url) as connection:
        queue.put_aside(connection, "aisle")
    shop.edit(order, items=[{**item, "quantity": 3} for item in order["items"]])
    assert (
        shop.outbox("state, event_value, last_error")
        == [{"state": "waiting", "event_value": 3.0, "last_error": None}] * 2
    )
    assert astuple(service.send(shop))[:3] == (2, 0, 0)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "SerializationException"),
        (400, "ValidationException"),
        (413, "RequestEntityTooLargeException"),
        (413, ""),
    ],
)
def test_a_malformed_event_alone_is_lost_when_its_call_is_refused(
    shop: Any, make_order: MakeOrder, service: Any, status: int, code: str
) -> None:
    shop.land(make_order(1), make_order(2))
    service.answer = lambda call: (
        (status, code) if any(event["itemId"] == "TEA" for event in call["eventList"]) else (200, "")
    )
    assert astuple(service.send(shop, attempts=1))[:3] == (2, 2, 2)
    assert shop.outbox("item_id", where="state = 'sent'") == ["CUP", "CUP"]
