from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from typing import Any

import psycopg
import pytest

from aisle.errors import FinalError, RetryableError, Throttled
from aisle.outbox import queue
from aisle.outbox.sender import _CLAIM_EVENTS
from services.stack.postgres import free_port
from tests.waiting import wait_for, wait_for_blocked_session

MakeOrder = Callable[..., Any]

SENDER = """
import sys, boto3
from datetime import UTC, datetime
from aisle.outbox.sender import Sender
client = boto3.client("personalize-events", endpoint_url=sys.argv[1])
Sender(client, "tracker", sys.argv[2], "aisle", senders=1, attempts=3).send_waiting(datetime.now(UTC))
"""


def test_a_call_holds_one_order_and_says_who_and_when(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(make_order(1), make_order(2))
    assert astuple(service.send(shop))[:3] == (4, 0, 0)
    assert [len(call["eventList"]) for call in service.calls] == [2, 2]
    assert len({(call["userId"], call["sessionId"]) for call in service.calls}) == 2
    assert shop.outbox("state = 'sent' and sent_at >= queued_at as is_sent") == [{"is_sent": True}] * 4
    assert astuple(service.send(shop))[:3] == (0, 0, 0)
    assert len(service.calls) == 2


def test_two_senders_at_a_time_send_each_event_once(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(*(make_order(number) for number in range(600)))
    assert _CLAIM_EVENTS * 2 < 1200
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(service.send, shop, senders=2) for _ in range(2)]
        shares = [run.result().n_sent for run in runs]
    assert min(shares) > 0
    assert sum(shares) == 1200
    assert Counter(service.event_ids).most_common(1)[0][1] == 1
    assert shop.outbox(where="state <> 'sent'") == []


def test_a_killed_sender_gives_back_what_it_held_and_the_next_sends_it_under_the_same_ids(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    shop.land(*(make_order(number) for number in range(20)))
    second_call, go_on = threading.Event(), threading.Event()

    def hang(_: Any) -> tuple[int, str]:
        second_call.set()
        go_on.wait(120)
        return 200, ""

    service.script = [service.answer, hang]
    process = subprocess.Popen([sys.executable, "-c", SENDER, service.url, shop.url], env=os.environ)
    assert second_call.wait(120)
    assert service.send(shop).n_sent == 0  # all of them are held
    process.send_signal(signal.SIGKILL)
    process.wait()
    _await_release(shop)
    assert set(shop.outbox("state")) == {"waiting"}
    assert service.send(shop).n_sent == 40
    go_on.set()
    counted = Counter(service.event_ids)
    assert len(counted) == 40
    assert set(counted.values()) == {1, 2}  # what was acknowledged before the kill came again, under the same id


def _await_release(shop: Any) -> None:
    """The server notices within moments that a client has died."""

    def can_be_claimed() -> bool:
        with psycopg.connect(shop.url) as connection:
            return len(queue.claim(connection, "aisle", shop.now(), 100)) == 40

    wait_for(can_be_claimed, "the events that the killed sender holds")


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ThrottlingException", Throttled),
        (429, "TooManyRequestsException", Throttled),
        (400, "SlowDown", Throttled),
        (400, "RequestThrottled", Throttled),
        (400, "RequestTimeout", RetryableError),
        (500, "InternalFailure", RetryableError),
        (503, "ServiceUnavailable", RetryableError),
        (403, "AccessDeniedException", FinalError),
        (404, "ResourceNotFoundException", FinalError),
    ],
)
def test_what_is_no_event_s_fault_ends_the_run_and_costs_no_event_an_attempt(
    shop: Any, make_order: MakeOrder, service: Any, status: int, code: str, error: type[Exception]
) -> None:
    shop.land(make_order(1), make_order(2), make_order(3))
    service.script = [service.answer]
    service.break_down(status, code, times=2)
    with pytest.raises(error, match="the events wait"):
        service.send(shop)
    assert sorted(shop.outbox("state")) == ["sent"] * 2 + ["waiting"] * 4  # what was acknowledged is noted
    assert set(shop.outbox("attempts")) == {0}
    service.script = []
    assert service.send(shop).n_sent == 4
    assert Counter(service.event_ids).most_common(1)[0][1] == 1


def test_a_short_breakdown_is_waited_out(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(make_order(1))
    service.break_down(500, "InternalFailure")
    assert service.send(shop).n_sent == 2


def test_a_service_that_cannot_be_reached_is_tried_again_later(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(make_order(1))
    service.url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(RetryableError, match="can be reached"):
        service.send(shop)
    assert set(shop.outbox("attempts")) == {0}


def test_a_poisonous_event_keeps_no_other_back_and_is_dead_after_its_last_attempt(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    shop.land(make_order(1), make_order(2))
    service.refuse("TEA")
    assert astuple(service.send(shop))[:3] == (2, 2, 0)
    assert (
        shop.outbox("item_id, state, attempts", where="item_id = 'CUP'")
        == [{"item_id": "CUP", "state": "sent", "attempts": 0}] * 2
    )
    assert astuple(service.send(shop))[:3] == (0, 2, 0)
    sent = service.send(shop)
    assert astuple(sent)[:3] == (0, 2, 2)
    assert sent.reasons == {"InvalidInputException: scripted InvalidInputException": 2}
    assert (
        shop.outbox("state, attempts, last_error", where="item_id = 'TEA'")
        == [{"state": "dead", "attempts": 3, "last_error": "InvalidInputException: scripted InvalidInputException"}] * 2
    )
    assert astuple(service.send(shop))[:3] == (0, 0, 0)


def test_a_run_tries_each_event_once_however_many_are_refused(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(*(make_order(number) for number in range(120)))
    service.refuse("TEA", "CUP")
    assert astuple(service.send(shop, senders=2))[:3] == (0, 240, 0)
    assert _CLAIM_EVENTS < 240
    assert set(shop.outbox("attempts")) == {1}


def test_an_event_that_boto3_itself_refuses_is_the_event_s_own_fault(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    shop.land(make_order(1), make_order(2))
    shop.execute("update events.outbox set item_id = '' where item_id = 'TEA'")
    assert astuple(service.send(shop, attempts=1))[:3] == (2, 2, 2)
    assert all("itemId" in error for error in shop.outbox("last_error", where="state = 'dead'"))


def test_replayed_dead_events_keep_their_ids(shop: Any, make_order: MakeOrder, service: Any) -> None:
    shop.land(make_order(1))
    service.refuse("TEA", "CUP")
    service.send(shop, attempts=1)
    dead = set(shop.outbox("event_id", where="state = 'dead'"))
    assert len(dead) == 2
    service.refuse()
    assert service.send(shop).n_sent == 0
    with psycopg.connect(shop.url) as connection:
        assert queue.replay_dead(connection, "aisle") == 2
    assert service.send(shop).n_sent == 2
    assert set(service.event_ids) == dead


def test_a_merge_waits_for_the_sender_and_takes_nothing_back_that_went_out(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    order = make_order(1)
    shop.land(order)
    called, go_on = threading.Event(), threading.Event()

    def hang(_: Any) -> tuple[int, str]:
        called.set()
        go_on.wait(120)
        return 200, ""

    service.script = [hang]
    with ThreadPoolExecutor(2) as pool:
        sending = pool.submit(service.send, shop)
        assert called.wait(120)
        cancelling = pool.submit(shop.edit, order, status="cancelled")
        wait_for_blocked_session(shop.url)
        assert not cancelling.done()
        go_on.set()
        assert sending.result().n_sent == 2
        cancelling.result()
    assert shop.outbox("state") == ["sent", "sent"]
