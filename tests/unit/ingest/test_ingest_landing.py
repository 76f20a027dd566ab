from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.identity.hashing import PersonHasher
from aisle.orders.landing import LandedOrder, Lander, LeftOut
from aisle.settings import Identity
from aisle.sources import source_named

LANDER = Lander(source_named("oe"), PersonHasher(Identity(hash_key="a key")))  # type: ignore[arg-type]
GOOD_ITEM = {"id": " ab-1 ", "title": "  Green \t tea ", "quantity": 2, "price": 9.99}
PERSONAL = {"id": "ref-77", "name": "Zubaida", "phone": "0300-1234567", "email": "z@example.com", "address": "Lane 5"}


def land(**changes: Any) -> LandedOrder:
    order = {"order_id": "A1", "order_date": "2026-01-01T10:00:00Z", "status": "completed", "items": [GOOD_ITEM]}
    return land_sent({**order, **changes})


def land_sent(order: Any) -> LandedOrder:
    return LANDER.land(msgspec.Raw(order if isinstance(order, bytes) else json.dumps(order).encode()), "key")


def test_codes_and_names_are_tidied() -> None:
    (item,) = land(items=[GOOD_ITEM]).items
    assert (item.product_id, item.product_name) == ("ab-1", "Green tea")


def test_items_equal_in_every_field_are_one_row_that_counts_them() -> None:
    landed = land(items=[GOOD_ITEM, {**GOOD_ITEM, "price": 8}, GOOD_ITEM, GOOD_ITEM])
    assert [(item.line_number, item.merged_lines) for item in landed.items] == [(1, 2), (2, 0)]


def test_equal_items_that_are_refused_are_one_reject_that_counts_them() -> None:
    (reject,) = land(items=[{**GOOD_ITEM, "id": None}] * 3).rejects
    assert (reject.reason, reject.n_lines) == ("missing_product_id", 3)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"id": " "}, "missing_product_id"),
        ({"quantity": None}, "missing_quantity"),
        ({"price": None}, "missing_price"),
        ({"quantity": 0}, "zero_quantity"),
        ({"quantity": 0.0004}, "zero_quantity"),
        ({"quantity": -1}, "negative_quantity"),
        ({"price": -0.01}, "negative_price"),
        ({"quantity": 1e10}, "number_out_of_range"),
        ({"base_price": 1e300}, "number_out_of_range"),
    ],
)
def test_an_item_that_cannot_be_sold_is_a_reject_with_its_place(fault: dict[str, Any], reason: str) -> None:
    landed = land(items=[GOOD_ITEM, {**GOOD_ITEM, **fault}])
    (reject,) = landed.rejects
    assert (reject.reason, reject.line_number, reject.n_lines) == (reason, 2, 1)
    assert reject.detail.startswith("`$.items[1]")
    assert len(landed.items) == 1


def test_a_free_item_and_a_cancelled_negative_item_are_kept() -> None:
    assert land(items=[{**GOOD_ITEM, "price": 0}]).items
    assert land(items=[{**GOOD_ITEM, "quantity": -3}], status=" Cancelled ").items


@pytest.mark.parametrize(
    ("change", "reason", "detail"),
    [
        ({"order_id": None}, "missing_order_id", "$.order_id"),
        ({"order_id": "  "}, "missing_order_id", "$.order_id"),
        ({"status": "lost"}, "unknown_status", "'lost'"),
        ({"order_date": "2026-01-01T10:00:00"}, "missing_zone", "no zone"),
        ({"order_date": "last week"}, "malformed_order", "$.order_date"),
        ({"items": [GOOD_ITEM, GOOD_ITEM, {"id": True}]}, "malformed_order", "$.items[2].id"),
        ({"total": 1e12}, "number_out_of_range", "$.total"),
    ],
)
def test_an_order_that_cannot_be_read_is_one_reject(change: dict[str, Any], reason: str, detail: str) -> None:
    landed = land(**change)
    (reject,) = landed.rejects
    assert not landed.order.is_mapped
    assert (reject.reason, reject.line_number, landed.items, landed.person) == (reason, None, [], None)
    assert reject.n_lines == len(change.get("items", [GOOD_ITEM]))
    assert detail in reject.detail


@pytest.mark.parametrize("sent", [None, 17, "order", [], {}, b'{"order_id": "A\xff"}', {"order_id": True}])
def test_what_is_hardly_an_order_at_all_is_still_kept(sent: Any) -> None:
    landed = land_sent(sent)
    assert landed.order.order_number is None
    assert [reject.n_lines for reject in landed.rejects] == [1]


def test_the_payload_of_a_reject_shows_no_personal_data_wherever_it_stands() -> None:
    for change in (
        {"customer": PERSONAL},
        {"customer": str(PERSONAL)},
        {"customer": [PERSONAL]},
        {"delivery": PERSONAL},
        {"city": PERSONAL},
        {"items": [{**GOOD_ITEM, "gift_for": PERSONAL}]},
        {"items": [PERSONAL, str(PERSONAL)]},
    ):
        (reject,) = land(**{"customer": None, "status": "lost", **change}).rejects
        for personal in ("Zubaida", "0300", "example.com", "Lane"):
            assert personal not in reject.payload + reject.detail, change
        assert json.loads(reject.payload)["order_id"] == "A1"


def test_a_customer_of_a_broken_order_keeps_only_the_names_of_the_fields() -> None:
    (reject,) = land(customer=PERSONAL, status="lost").rejects
    assert json.loads(reject.payload)["customer"] == dict.fromkeys(PERSONAL)


def test_the_hash_tells_versions_sources_and_persons_apart() -> None:
    other_key = Lander(source_named("oe"), PersonHasher(Identity(hash_key="another")))  # type: ignore[arg-type]
    other_source = Lander(source_named("pos"), PersonHasher(Identity(hash_key="a key")))  # type: ignore[arg-type]
    sent = msgspec.Raw(
        b'{"order_id":"A","order_date":"2026-01-01T00:00:00Z","status":"completed","items":[],"customer":{"id":"1"}}'
    )
    hashes = {lander.land(sent, key).order.content_hash for lander in (LANDER, other_key, other_source) for key in "ab"}
    assert len(hashes) == 3


@pytest.mark.parametrize(
    ("changes", "content_hash"),
    [
        ({}, "cc7331e7829411114885f17540d1d8c8"),
        ({"customer": {"id": "ref-77", "phone": "0300-1234567"}}, "cf93ed5059c43ab1317466a10b8eb211"),
        ({"items": [GOOD_ITEM, {**GOOD_ITEM, "price": -1}]}, "d7a261c85a858d8da4a6cd765715aa20"),
        ({"status": "lost"}, "c151a7c7ad760c1c5d6703c89a12f786"),
    ],
    ids=["order", "customer", "refused item", "refused order"],
)
def test_the_hash_of_an_order_stays_what_warehouses_have_stored(changes: dict[str, Any], content_hash: str) -> None:
    """Another hash makes every stored order a changed one. Where that is meant, raise the version of the mapping."""
    assert land(**changes).order.content_hash == content_hash


ITEMS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "id": st.sampled_from([None, "", "a", "A", 5]),
            "quantity": st.sampled_from([None, 0, 1, -1, 1e300, "x"]),
            "price": st.sampled_from([None, 0, 1.5, -1]),
            "title": st.sampled_from([None, "t", "\x00"]),
        },
    )
    | st.none(),
    min_size=1,
    max_size=6,
)


@given(ITEMS, st.sampled_from(["completed", "cancelled", "lost", None]))
def test_no_item_is_lost_or_doubled_on_the_way(items: list[Any], status: str | None) -> None:
    landed = land(items=items, status=status)
    kept = sum(1 + item.merged_lines for item in landed.items)
    assert kept + sum(reject.n_lines for reject in landed.rejects) == len(items)


@pytest.mark.parametrize("places", [{0}, {1}, {0, 2}, {0, 1, 2}])
def test_of_equal_items_only_those_that_a_rule_leaves_out_are_left_out(places: set[int]) -> None:
    order = {"order_id": "A1", "order_date": "2026-01-01T10:00:00Z", "status": "completed", "items": [GOOD_ITEM] * 3}
    left_out = LeftOut(items=dict.fromkeys(places, "gift_card"))
    landed = LANDER.land(msgspec.Raw(json.dumps(order).encode()), "key", left_out)
    assert sum(1 + item.merged_lines for item in landed.items) == 3 - len(places)
    assert sum(reject.n_lines for reject in landed.rejects) == len(places)
    assert {reject.reason for reject in landed.rejects} == {"gift_card"}


def test_equal_items_that_rules_leave_out_for_two_reasons_have_a_reject_each() -> None:
    order = {"order_id": "A1", "order_date": "2026-01-01T10:00:00Z", "status": "completed", "items": [GOOD_ITEM] * 2}
    left_out = LeftOut(items={0: "gift_card", 1: "returned"})
    landed = LANDER.land(msgspec.Raw(json.dumps(order).encode()), "key", left_out)
    assert [(reject.line_number, reject.reason) for reject in landed.rejects] == [(1, "gift_card"), (2, "returned")]
