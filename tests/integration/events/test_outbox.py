from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.groups.dataset_group import dataset_group
from aisle.outbox import queue

MakeOrder = Callable[..., Any]

A_GROUP_OF_SOME = """
groups:
  - {name: aisle, datasets: {interactions: {}}}
  - {name: some, datasets: {interactions: {}}, where: {users: {location: [Peshawar]}}}
"""
STAYED = {"id": "STAY", "quantity": 1, "price": 5.0}
#: One order of each kind that the marts treat in a way of their own.
EVERY_KIND = (
    (1, {"id": "tea", "quantity": 2, "price": 10.0}, {"id": " TEA ", "quantity": 0.1, "price": 9.0}, STAYED),
    (2, {"id": "POST", "quantity": 1, "price": 3.0}, {"id": "gift_0001_20", "quantity": 1, "price": 20.0}, STAYED),
    (3, {"id": "FREE", "quantity": 1, "price": 0.0}, STAYED, STAYED),
)


def test_an_order_queues_one_event_for_each_product(shop: Any, make_order: MakeOrder) -> None:
    shop.land(make_order(1))
    customer = Customer(id="c1", phone="0300-1234568")
    person = shop.hasher.person("pos", customer, None)
    assert shop.outbox("user_id, event_type, item_id, event_value, state, attempts") == [
        {"user_id": person.user_id, "event_type": "purchase", "item_id": item, "event_value": value}
        | {"state": "waiting", "attempts": 0}
        for item, value in (("CUP", 1.0), ("TEA", 2.0))
    ]


def test_an_event_has_the_same_id_whenever_and_wherever_it_is_made(shop: Any, make_order: MakeOrder) -> None:
    order = make_order(1)
    shop.land(order)
    first = shop.outbox("event_id")
    shop.execute("truncate events.outbox, raw.company__orders cascade")
    shop.land(make_order(2), order)
    assert set(first) < set(shop.outbox("event_id"))
    assert all(len(event_id) == 64 for event_id in first)


def test_an_order_that_comes_again_queues_nothing_and_a_sent_event_stays_sent(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    order = make_order(1)
    shop.land(order)
    shop.land(order)
    assert len(shop.outbox()) == 2
    service.send(shop)
    shop.edit(order, city="Lahore")
    assert shop.outbox("state") == ["sent", "sent"]


def test_a_merge_that_is_rolled_back_leaves_no_event(shop: Any, make_order: MakeOrder) -> None:
    shop.execute(
        "create function fail() returns trigger language plpgsql as $$ begin raise 'no'; end $$;"
        "create constraint trigger fail after insert on raw.company__orders initially deferred"
        " for each row execute function fail()"
    )
    with pytest.raises(psycopg.errors.RaiseException):
        shop.land(make_order(1))
    assert shop.outbox() == []


def test_a_backfill_of_history_queues_nothing(shop: Any, make_order: MakeOrder) -> None:
    shop.land(*(make_order(number, age=timedelta(hours=24 + number)) for number in range(1, 40)))
    assert shop.outbox() == []
    shop.land(make_order(50, age=timedelta(hours=23, minutes=59)))
    assert len(shop.outbox()) == 2


@pytest.mark.parametrize("status", ["cancelled", "pending"])
def test_what_is_no_purchase_any_more_is_withdrawn_while_it_waits(
    shop: Any, make_order: MakeOrder, status: str
) -> None:
    order, other = make_order(1), make_order(2)
    shop.land(order, other)
    shop.edit(order, status=status)
    assert shop.outbox("user_id") == [shop.hasher.person("pos", Customer(phone="0300-1234569"), None).user_id] * 2


def test_a_pending_order_is_queued_when_it_is_completed(shop: Any, make_order: MakeOrder) -> None:
    order = make_order(1, status="pending")
    shop.land(order)
    assert shop.outbox() == []
    shop.edit(order, status="completed")
    assert len(shop.outbox()) == 2


def test_a_cancellation_after_the_fact_takes_nothing_back(shop: Any, make_order: MakeOrder, service: Any) -> None:
    order = make_order(1)
    shop.land(order)
    service.send(shop)
    shop.edit(order, status="cancelled")
    assert shop.outbox("state") == ["sent", "sent"]


def test_an_edit_changes_what_waits_and_gives_what_was_refused_another_try(
    shop: Any, make_order: MakeOrder, service: Any
) -> None:
    order = make_order(1)
    shop.land(order)
    service.refuse("TEA")
    service.send(shop, attempts=1)
    assert shop.outbox("state") == ["sent", "dead"]
    items = [{**item, "quantity": 7} for item in order["items"]]
    shop.edit(order, items=items)
    assert shop.outbox("item_id, event_value, state, attempts, last_error") == [
        {"item_id": "CUP", "event_value": 1.0, "state": "sent", "attempts": 0, "last_error": None},
        {"item_id": "TEA", "event_value": 7.0, "state": "waiting", "attempts": 0, "last_error": None},
    ]


def test_a_walk_in_has_no_events(shop: Any, make_order: MakeOrder) -> None:
    shop.land(make_order(1, customer=None))
    assert shop.outbox() == []


def test_events_are_the_rows_of_the_interactions_mart_to_the_last_column_for_each_group(
    shop: Any, make_order: MakeOrder, tmp_path: Path, describe_groups: Callable[[str], None]
) -> None:
    from aisle.stages.transform import project

    describe_groups(A_GROUP_OF_SOME)
    shop.land(*(make_order(number, *items) for number, *items in EVERY_KIND))
    shop.land(
        make_order(4, customer=None),
        make_order(5, status="pending"),
        make_order(6, status="cancelled"),
        make_order(7, {"id": "TEA", "quantity": -1, "price": 1.0}, status="cancelled"),
        make_order(8, customer={"id": "c8", "email": "ZUBAIDA@example.com"}),
        make_order(9, *EVERY_KIND[0][1:], city="Peshawar"),
    )
    group = dataset_group("some")
    project.build(shop.url, tmp_path / "dbt")
    columns = "user_id, item_id, event_type, event_value, {} as timestamp"
    with psycopg.connect(shop.url) as connection:
        mart = connection.execute(
            f"select {columns.format('timestamp')} from personalize.interactions order by 1, 2".encode()
        ).fetchall()
        events = connection.execute(
            f"select {columns.format('occurred_at')} from events.outbox"
            " where dataset_group = 'aisle' order by 1, 2".encode()
        ).fetchall()
        sent_at = [event.as_wire()["sentAt"] for event in queue.claim(connection, "aisle", shop.now(), 100)]
        sorting = queue.sort(connection, group)
        of_group = connection.execute(
            f"select user_id, item_id from {group.mart('interactions').as_string()} as mart order by 2, 1".encode()
        ).fetchall()
    assert shop.outbox("user_id, item_id", "dataset_group = 'some'") == [
        {"user_id": user_id, "item_id": item_id} for user_id, item_id in of_group
    ]
    assert sorting == queue.Sorted(len(of_group), 0, len(mart) - len(of_group)) == queue.Sorted(2, 0, 6)
    assert len(mart) == 8
    assert [(*row[:4], int(row[4].timestamp())) for row in events] == mart
    assert set(sent_at) == {row[4] for row in mart}
