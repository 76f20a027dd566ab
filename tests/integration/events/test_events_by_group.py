"""The outbox where there are several dataset groups: an event is sent to each group that it belongs to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import dataset_group
from aisle.outbox import queue
from aisle.outbox.queue import Sorted
from aisle.settings import get_settings

MakeOrder = Callable[..., Any]

NORTH, DRINKS = "Shop-North", "drinks"
ITEMS = {"TEA": "drink", "CUP": "ware"}
LOCATIONS = {1: "Peshawar", 2: "Lahore"}


def sort(shop: Any, *groups: str) -> list[Sorted]:
    with psycopg.connect(shop.url) as connection:
        return [queue.sort(connection, dataset_group(name)) for name in groups]


def backlog(shop: Any, group: str) -> tuple[int, int, int]:
    """How many wait, are held, are dead."""
    with psycopg.connect(shop.url) as connection:
        waiting = queue.backlog(connection, group)
    return waiting.n_waiting, waiting.n_held, waiting.n_dead


def rows_of(shop: Any, group: str) -> list[tuple[str, str]]:
    return [(row["item_id"], row["state"]) for row in shop.outbox("item_id, state", f"dataset_group = '{group}'")]


@pytest.mark.usefixtures("three_groups")
def test_an_event_is_queued_once_for_each_group_under_one_id(shop: Any, make_order: MakeOrder) -> None:
    shop.land(make_order(1, {"id": "TEA", "quantity": 1, "price": 2.0}))
    assert shop.outbox("dataset_group, state") == [
        {"dataset_group": "aisle", "state": "waiting"},
        {"dataset_group": NORTH, "state": "unsorted"},
        {"dataset_group": DRINKS, "state": "unsorted"},
    ]
    assert len(set(shop.outbox("event_id"))) == 1


def test_a_file_of_no_use_stops_the_merge_so_that_no_order_is_there_without_its_events(
    shop: Any, make_order: MakeOrder, describe_groups: Callable[[str], None]
) -> None:
    describe_groups("groups: [{datasets: {}}]")
    with pytest.raises(ConfigurationError, match="needs the dataset interactions"):
        shop.land(make_order(1))
    with psycopg.connect(shop.url) as connection:
        assert connection.execute("select count(*) from raw.company__orders").fetchone() == (0,)


@pytest.mark.usefixtures("three_groups")
def test_a_group_keeps_its_own_events_and_the_others_go(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]
) -> None:
    marts_of(shop, items=ITEMS, locations=LOCATIONS)
    shop.land(make_order(1), make_order(2))
    assert sort(shop, "aisle", NORTH, DRINKS) == [Sorted(0, 0, 0), Sorted(2, 0, 2), Sorted(2, 0, 2)]
    assert rows_of(shop, "aisle") == [(item, "waiting") for item in ("CUP", "CUP", "TEA", "TEA")]
    assert rows_of(shop, NORTH) == [("CUP", "waiting"), ("TEA", "waiting")]
    assert set(shop.outbox("user_id", f"dataset_group = '{NORTH}'")) == {shop.user_of(1)}
    assert rows_of(shop, DRINKS) == [("TEA", "waiting"), ("TEA", "waiting")]


@pytest.mark.parametrize(
    "where",
    [
        "{}",
        "{users: {location: [Peshawar, Quetta]}}",
        "{items: {category: [drink]}, users: {location: [Lahore, Peshawar]}}",
        "{items: {category: [drink]}}",
        "{items: {category: [ware], item_id: [CUP, TEA]}}",
        "{interactions: {event_value: [2.0, 7]}}",
        "{interactions: {event_type: [view]}}",
        "{interactions: {item_id: [TEA, '5%']}, users: {location: [Lahore]}}",
    ],
)
def test_the_events_of_a_group_are_its_rows_of_the_mart(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], describe_groups: Callable[[str], None], where: str
) -> None:
    describe_groups(f"groups: [{{datasets: {{interactions: {{}}}}, where: {where}}}]")
    marts_of(shop, items=ITEMS | {"5%": None}, locations=LOCATIONS | {3: "Quetta"})
    shop.land(*(make_order(number) for number in LOCATIONS), make_order(3, {"id": "5%", "quantity": 7, "price": 1.0}))
    shop.execute(
        "create table personalize.interactions as select user_id, item_id, event_type, event_value,"
        " floor(extract(epoch from occurred_at))::bigint as timestamp from events.outbox"
    )
    sort(shop, "aisle")
    group = dataset_group("aisle")
    with psycopg.connect(shop.url) as connection:
        mart = group.mart("interactions").as_string()
        rows = connection.execute(f"select user_id, item_id from {mart} as i order by 2, 1".encode()).fetchall()
    assert shop.outbox("user_id, item_id") == [{"user_id": user, "item_id": item} for user, item in rows]
    assert set(shop.outbox("state")) <= {"waiting"}


@pytest.mark.usefixtures("three_groups")
def test_what_the_marts_do_not_know_is_held_until_they_do_and_does_not_count_as_late(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]
) -> None:
    marts_of(shop, items={}, locations={})
    shop.land(make_order(1))
    assert sort(shop, NORTH, DRINKS) == [Sorted(0, 2, 0), Sorted(0, 2, 0)]
    shop.execute("update events.outbox set queued_at = queued_at - interval '5 hours'")
    assert sort(shop, NORTH, DRINKS) == [Sorted(0, 2, 0), Sorted(0, 2, 0)]
    assert backlog(shop, NORTH) == (0, 2, 0)
    marts_of(shop, items=ITEMS, locations=LOCATIONS)
    assert sort(shop, NORTH, DRINKS) == [Sorted(2, 0, 0), Sorted(1, 0, 1)]
    is_late = "queued_at < now() - interval '1 hour' as is_late"
    assert shop.outbox(is_late, f"dataset_group = '{NORTH}'") == [{"is_late": False}] * 2
    assert shop.outbox(is_late, "dataset_group = 'aisle'") == [{"is_late": True}] * 2


@pytest.mark.usefixtures("three_groups")
def test_what_is_known_at_once_waits_since_it_was_queued(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]
) -> None:
    marts_of(shop, items=ITEMS, locations=LOCATIONS)
    shop.land(make_order(1))
    shop.execute("update events.outbox set queued_at = queued_at - interval '5 hours'")
    sort(shop, NORTH)
    late = shop.outbox("now() - queued_at > interval '4 hours' as is_late", f"dataset_group = '{NORTH}'")
    assert late == [{"is_late": True}] * 2


def test_who_cannot_belong_by_what_is_known_is_not_held(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], describe_groups: Callable[[str], None]
) -> None:
    describe_groups(
        "groups: [{datasets: {interactions: {}}, where: {items: {category: [drink]}, users: {location: [Quetta]}}}]"
    )
    marts_of(shop, items=ITEMS, locations={})
    shop.land(make_order(1))
    assert sort(shop, "aisle") == [Sorted(0, 1, 1)]
    assert rows_of(shop, "aisle") == [("TEA", "held")]


@pytest.mark.usefixtures("three_groups")
def test_what_stays_unknown_is_left_to_the_export_when_it_is_too_old(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]
) -> None:
    marts_of(shop, items={}, locations={1: "Peshawar"})
    shop.land(make_order(1, age=timedelta(hours=23)), make_order(2))
    assert sort(shop, NORTH, DRINKS) == [Sorted(2, 2, 0), Sorted(0, 4, 0)]
    shop.execute("update events.outbox set occurred_at = occurred_at - interval '2 hours'")
    assert sort(shop, NORTH, DRINKS) == [Sorted(0, 2, 0), Sorted(0, 2, 2)]
    assert sorted(state for _, state in rows_of(shop, NORTH)) == ["held", "held", "waiting", "waiting"]


@pytest.mark.usefixtures("three_groups")
def test_before_there_are_marts_nothing_is_sorted_and_nothing_breaks(shop: Any, make_order: MakeOrder) -> None:
    shop.land(make_order(1))
    assert sort(shop, NORTH) == [Sorted(0, 0, 0)]
    assert backlog(shop, NORTH) == (0, 2, 0)
    assert {state for _, state in rows_of(shop, NORTH)} == {"unsorted"}


def test_events_of_a_group_that_has_every_row_from_now_on_are_sent(
    shop: Any, make_order: MakeOrder, describe_groups: Callable[[str], None]
) -> None:
    describe_groups("groups: [{datasets: {interactions: {}}, where: {users: {location: [Quetta]}}}]")
    shop.land(make_order(1))
    describe_groups("groups: [{datasets: {interactions: {}}}]")
    assert sort(shop, "aisle") == [Sorted(2, 0, 0)]


@pytest.mark.usefixtures("three_groups")
def test_events_that_are_held_keep_no_other_from_being_sent(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], service: Any
) -> None:
    marts_of(shop, items=ITEMS, locations={0: "Peshawar"})
    shop.land(*(make_order(number) for number in range(1, 150)))
    shop.land(make_order(0))
    assert sort(shop, NORTH) == [Sorted(2, 298, 0)]
    assert service.send(shop, group=NORTH).n_sent == 2
    assert service.send(shop, group=NORTH).n_sent == 0
    assert {call["userId"] for call in service.calls} == {shop.user_of(0)}


@pytest.mark.usefixtures("three_groups")
def test_an_event_that_was_held_and_is_edited_is_sorted_anew_and_is_not_late(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]
) -> None:
    marts_of(shop, items=ITEMS, locations={})
    order = make_order(1)
    shop.land(order)
    sort(shop, NORTH)
    shop.execute("update events.outbox set queued_at = queued_at - interval '5 hours'")
    shop.edit(order, items=[{**item, "quantity": 9} for item in order["items"]])
    columns = "event_value, state, now() - queued_at > interval '1 hour' as is_late"
    assert (
        shop.outbox(columns, f"dataset_group = '{NORTH}'")
        == [{"event_value": 9.0, "state": "unsorted", "is_late": False}] * 2
    )
    shop.edit(order, status="cancelled")
    assert shop.outbox() == []


@pytest.mark.usefixtures("three_groups")
def test_sorting_waits_for_no_merge(shop: Any, make_order: MakeOrder, marts_of: Callable[..., None]) -> None:
    marts_of(shop, items=ITEMS, locations=LOCATIONS)
    shop.land(make_order(1))
    with psycopg.connect(shop.url) as merging:
        merging.execute("select from events.outbox where item_id = 'TEA' for update")
        assert sort(shop, NORTH) == [Sorted(1, 0, 0)]
    assert sort(shop, NORTH) == [Sorted(1, 0, 0)]


@pytest.mark.usefixtures("three_groups")
def test_what_waits_for_a_group_that_left_the_file_is_withdrawn_and_what_was_sent_stays(
    shop: Any, make_order: MakeOrder, service: Any, describe_groups: Callable[[str], None]
) -> None:
    shop.land(make_order(1))
    service.send(shop)
    shop.land(make_order(2))
    describe_groups("groups: [{name: drinks, datasets: {interactions: {}}}]")
    with psycopg.connect(shop.url) as connection:
        assert queue.withdraw_departed(connection) == 6
        assert queue.withdraw_departed(connection) == 0
    assert rows_of(shop, "aisle") == [("CUP", "sent"), ("TEA", "sent")]
    assert rows_of(shop, NORTH) == []
    assert len(rows_of(shop, DRINKS)) == 4


@pytest.mark.usefixtures("three_groups")
def test_a_group_that_refuses_keeps_no_other_waiting_and_is_replayed_alone(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], service: Any
) -> None:
    marts_of(shop, items=ITEMS, locations=LOCATIONS)
    shop.land(make_order(1))
    sort(shop, NORTH, DRINKS)
    service.refuse("TEA")
    assert astuple(service.send(shop, group=NORTH, attempts=1))[:3] == (1, 1, 1)
    assert astuple(service.send(shop, group=DRINKS, attempts=1))[:3] == (0, 1, 1)
    service.refuse()
    assert service.send(shop).n_sent == 2
    with psycopg.connect(shop.url) as connection:
        assert queue.replay_dead(connection, NORTH) == 1
    assert service.send(shop, group=NORTH).n_sent == 1
    assert rows_of(shop, "aisle") == rows_of(shop, NORTH) == [("CUP", "sent"), ("TEA", "sent")]
    assert rows_of(shop, DRINKS) == [("TEA", "dead")]
    assert shop.outbox("attempts", "dataset_group = 'aisle'") == [0, 0]


@pytest.mark.usefixtures("three_groups")
def test_the_delay_of_a_group_is_its_own(shop: Any, make_order: MakeOrder, service: Any) -> None:
    began_at = shop.now()
    shop.land(make_order(1))
    service.send(shop)
    for group, delay in (("aisle", "5 seconds"), (NORTH, "1 hour")):
        shop.execute(
            f"update events.outbox set state = 'sent', sent_at = queued_at + interval '{delay}'"
            f" where dataset_group = '{group}'"
        )
    with psycopg.connect(shop.url) as connection:
        assert queue.p95_delay_seconds(connection, "aisle", began_at) == 5
        assert queue.p95_delay_seconds(connection, NORTH, began_at) == 3600
    assert get_settings().events.max_delay_seconds == 60
