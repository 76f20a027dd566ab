"""What no later stage could hold is refused by landing, value by value: an impossible one costs its order or item."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
import yaml

from aisle.batch.ranking import MAX_KEY_LENGTH
from aisle.contracts import limits
from aisle.groups import dataset_rows
from aisle.identity.hashing import PersonHasher
from aisle.orders.landing import LandedOrder, Lander
from aisle.settings import PROJECT_ROOT, Identity
from aisle.sources import Source, source_named
from aisle.warehouse import sql
from personalize_kinds import limits as service

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
GOOD_ITEM = {"id": "AB-1", "title": "Green tea", "quantity": 2, "price": 9.99}
GOOD_ORDER = {"order_id": "A1", "order_date": "2026-01-01T10:00:00Z", "status": "completed", "items": [GOOD_ITEM]}


def lander(**system: Any) -> Lander:
    hasher = PersonHasher(Identity(hash_key="a key"))  # type: ignore[arg-type]
    return Lander(Source(**{**source_named("pos").model_dump(), **system}), hasher, lambda: NOW)


def land(raw: bytes | None = None, system: dict[str, Any] | None = None, **changes: Any) -> LandedOrder:
    sent = raw or json.dumps({**GOOD_ORDER, **changes}).encode()
    return lander(**system or {}).land(msgspec.Raw(sent), "key")


def land_item(**changes: Any) -> LandedOrder:
    return land(items=[{**GOOD_ITEM, **changes}, {"id": "other", "quantity": 1, "price": 1}])


def reason(landed: LandedOrder) -> str:
    (reject,) = landed.rejects
    return reject.reason


@pytest.mark.parametrize(
    "moment",
    [
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "2062-01-01T00:00:00Z",
        "2026-06-01T13:00:01Z",
        "0001-01-01T00:00:00+05:00",
        "9999-12-31T23:59:59-05:00",
        "10000-01-01T00:00:00Z",
        "-0044-03-15T00:00:00Z",
        "infinity",
        "0000-00-00T00:00:00Z",
    ],
)
def test_an_order_of_a_time_that_cannot_be_is_a_reject_without_that_time(moment: str) -> None:
    landed = land(order_date=moment)
    assert reason(landed) in ("impossible_order_date", "malformed_order")
    assert (landed.order.is_mapped, landed.order.ordered_at) == (False, None)


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00Z", "2026-06-01T13:00:00Z"])
def test_the_limits_of_time_themselves_are_taken(moment: str) -> None:
    assert land(order_date=moment).order.is_mapped


@pytest.mark.parametrize(
    "updated_at", ["2030-01-01T00:00:00Z", "2026-06-01T13:00:01Z", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00Z"]
)
def test_an_impossible_version_stamp_is_ignored_and_reported(updated_at: str) -> None:
    landed = land(updated_at=updated_at)
    assert landed.order.is_mapped
    assert (landed.order.updated_at, landed.order.doubts) == (None, ["updated_at_is_impossible"])


def test_a_person_of_an_order_stamped_in_the_future_was_seen_when_they_ordered() -> None:
    landed = land(updated_at="2031-01-01T00:00:00Z", customer={"id": "7"})
    assert landed.person is not None
    assert landed.person.seen_at == landed.order.ordered_at


@pytest.mark.parametrize("order_id", ["Z" * 256, "é" * 300, "9" * 1_000_000])
def test_an_order_id_over_the_limit_is_a_reject_without_that_id(order_id: str) -> None:
    landed = land(order_id=order_id)
    assert (reason(landed), landed.order.order_number) == ("order_id_too_long", None)
    assert len(landed.rejects[0].detail) < 200


@pytest.mark.parametrize("product_id", ["p" * 256, "ß" * 200 + "p" * 100, "1" * 5000])
def test_a_product_id_over_the_limit_costs_its_item(product_id: str) -> None:
    landed = land_item(id=product_id)
    assert reason(landed) == "product_id_too_long"
    assert len(landed.items) == 1


def test_a_product_id_whose_fold_would_be_over_the_limit_costs_its_item() -> None:
    assert reason(land_item(id="ß" * 200)) == "product_id_too_long"


def test_ids_at_the_limit_are_taken() -> None:
    landed = land(order_id="Z" * 255, items=[{**GOOD_ITEM, "id": "p" * 255}])
    assert (landed.order.order_number, landed.items[0].product_id) == ("Z" * 255, "p" * 255)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"price": 9999999999.99999}, "number_out_of_range"),
        ({"price": 1e300}, "number_out_of_range"),
        ({"base_price": 9999999999.99996}, "number_out_of_range"),
        ({"quantity": 1e11}, "number_out_of_range"),
        ({"quantity": -1e11}, "number_out_of_range"),
        ({"quantity": 10**30}, "number_out_of_range"),
        ({"price": 0.00004}, "price_below_precision"),
        ({"price": 1e-300}, "price_below_precision"),
        ({"quantity": 0.0004}, "zero_quantity"),
    ],
)
def test_a_number_past_its_column_costs_its_item(change: dict[str, Any], expected: str) -> None:
    landed = land_item(**change)
    assert reason(landed) == expected
    assert len(landed.items) == 1


@pytest.mark.parametrize("total", [9999999999.99999, -1e12, 1e300, 10**30, "1e400"])
def test_a_total_past_its_column_costs_its_order(total: Any) -> None:
    assert reason(land(total=total)) in ("number_out_of_range", "malformed_order")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"order_id": "A1", "total": 1e400}',
        b'{"order_id": "A1", "total": ' + b"9" * 400 + b"}",
        b'{"order_id": "A1", "extra": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"order_id": "A\\ud83d"}',
        b'{"order_id": "A1", "total": NaN}',
        b'{"order_id": "A1\n"}',
        b"\xff\xfe",
        b"",
    ],
)
def test_what_cannot_even_be_decoded_is_one_reject(raw: bytes) -> None:
    landed = lander().land(msgspec.Raw(raw), "key")
    assert len(landed.rejects) == 1


def test_two_orders_that_cannot_be_decoded_are_two_rejects() -> None:
    first, second = (lander().land(msgspec.Raw(raw), "key") for raw in (b'{"a": NaN}', b'{"b": NaN}'))
    assert first.rejects[0].reject_id != second.rejects[0].reject_id


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("5", "5"),
        ("1234567890123456789", "1234567890123456789"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("12345.0", "12345"),
        ('"00123"', "00123"),
        ('"12345.0"', "12345.0"),
        ('"5f1e0c9a-P1"', "5f1e0c9a-P1"),
        ("9007199254740993", "9007199254740993"),
    ],
)
def test_an_id_keeps_what_was_sent_whether_text_or_number(sent: str, kept: str) -> None:
    raw = json.dumps({**GOOD_ORDER, "order_id": "@", "items": [{**GOOD_ITEM, "id": "@"}]}).replace('"@"', sent)
    landed = land(raw.encode())
    assert (landed.order.order_number, landed.items[0].product_id) == (kept, kept)


@pytest.mark.parametrize("sent", ["true", "1e5", "[1]", '{"v": 1}'])
def test_an_id_that_is_neither_text_nor_plain_number_is_a_reject(sent: str) -> None:
    raw = json.dumps({**GOOD_ORDER, "items": [{**GOOD_ITEM, "id": "@"}]}).replace('"@"', sent)
    assert reason(land(raw.encode())) == "malformed_order"


def test_a_customer_number_is_the_same_person_as_text_and_as_number() -> None:
    as_text, as_number = (
        land(customer={"id": ref}).order.user_id for ref in ("1234567890123456789", 1234567890123456789)
    )
    assert as_text == as_number is not None


@pytest.mark.parametrize(
    ("sent", "number"),
    [("10.00", 10), (" 2 ", 2), ("0.5", 0.5), ("+3", 3), ("007.50", 7.5), ("1234567.891", 1234567.891)],
)
def test_a_number_sent_as_text_is_read_as_the_number(sent: str, number: float) -> None:
    landed = land(total=sent, items=[{**GOOD_ITEM, "quantity": sent, "price": sent}])
    (item,) = landed.items
    assert (landed.order.total_amount, item.quantity, item.unit_price) == (number, number, number)


@pytest.mark.parametrize(
    "sent", ["ten", "1,5", "1.234,50", "1e3", "NaN", "Infinity", "0x1F", "1 000", "--1", "$5.00", "٣"]
)
def test_text_that_is_no_plain_number_is_a_reject(sent: str) -> None:
    assert reason(land(items=[{**GOOD_ITEM, "price": sent}])) == "malformed_order"


def test_an_empty_text_is_no_number() -> None:
    assert reason(land_item(price=" ")) == "missing_price"


def test_a_time_without_zone_is_refused_with_the_key_that_would_give_one() -> None:
    landed = land(order_date="2026-01-01T10:00:00")
    assert reason(landed) == "missing_zone"
    assert "`time_zone` in pos.toml" in landed.rejects[0].detail


@pytest.mark.parametrize(
    ("zone", "sent", "moment"),
    [
        ("Asia/Karachi", "2026-01-01T10:00:00", "2026-01-01T05:00:00+00:00"),
        ("Europe/London", "2026-03-29T01:30:00", "2026-03-29T01:30:00+00:00"),  # skipped: as if the clock had stayed
        ("Europe/London", "2025-10-26T01:30:00", "2025-10-26T00:30:00+00:00"),  # twice: the first
        ("America/New_York", "2025-11-02T01:30:00", "2025-11-02T05:30:00+00:00"),
        ("Asia/Karachi", "2026-01-01T10:00:00Z", "2026-01-01T10:00:00+00:00"),
    ],
)
def test_a_time_without_zone_is_in_that_of_its_source(zone: str, sent: str, moment: str) -> None:
    landed = land(order_date=sent, updated_at=sent, system={"time_zone": zone})
    assert [landed.order.ordered_at, landed.order.updated_at] == [datetime.fromisoformat(moment)] * 2


def test_a_zone_does_not_carry_a_time_past_what_python_holds() -> None:
    assert (
        reason(land(order_date="0001-01-01T00:00:00", system={"time_zone": "Asia/Karachi"})) == "impossible_order_date"
    )


def test_a_zone_that_nobody_knows_is_refused_at_start() -> None:
    with pytest.raises(ValueError, match="Asia/Lahore"):
        Source(**{**source_named("pos").model_dump(), "time_zone": "Asia/Lahore"})


def _hash(raw: str | dict[str, Any]) -> str:
    return land((raw if isinstance(raw, str) else json.dumps(raw)).encode()).order.content_hash


@pytest.mark.parametrize(
    "again",
    [
        {**GOOD_ORDER, "fetched_at": "2026-05-01T00:00:00Z"},
        dict(reversed(list(GOOD_ORDER.items()))),
        {**GOOD_ORDER, "status": " Completed", "order_id": " A1 "},
        {**GOOD_ORDER, "order_date": "2026-01-01T15:00:00+05:00"},
        {**GOOD_ORDER, "updated_at": "2026-05-01T00:00:00Z"},
        {**GOOD_ORDER, "items": [{**GOOD_ITEM, "quantity": "2.0", "stock_now": 17}]},
        json.dumps(GOOD_ORDER, indent=4),
        json.dumps(GOOD_ORDER).replace("9.99", "9.990").replace("Green", "\\u0047reen"),
    ],
)
def test_what_says_nothing_new_has_the_same_hash(again: Any) -> None:
    assert _hash(again) == _hash(GOOD_ORDER)


@pytest.mark.parametrize(
    "again",
    [
        {**GOOD_ORDER, "status": "pending"},
        {**GOOD_ORDER, "city": "Lahore"},
        {**GOOD_ORDER, "customer": {"id": "1"}},
        {**GOOD_ORDER, "items": [GOOD_ITEM, GOOD_ITEM]},
        {**GOOD_ORDER, "items": [{**GOOD_ITEM, "id": "ab-1"}]},
        {**GOOD_ORDER, "items": [GOOD_ITEM, {**GOOD_ITEM, "quantity": 0}]},
        {**GOOD_ORDER, "status": "lost"},
    ],
)
def test_what_says_something_new_has_another_hash(again: Any) -> None:
    assert _hash(again) != _hash(GOOD_ORDER)


def test_a_refused_order_has_the_same_hash_however_it_is_written() -> None:
    sent = {**GOOD_ORDER, "status": "lost", "customer": {"name": "Zubaida", "id": "1"}}
    assert _hash(sent) == _hash(json.dumps(dict(reversed(list(sent.items()))), indent=2))


def test_the_spelling_of_a_product_is_kept_and_its_fold_stands_beside_it() -> None:
    (item,) = land(items=[{**GOOD_ITEM, "id": " 5f1e0c9a-p1  x "}]).items
    assert (item.product_id, item.product_key) == ("5f1e0c9a-p1 x", "5F1E0C9A-P1 X")


def test_a_source_whose_ids_differ_by_case_only_does_not_fold_it() -> None:
    (item,) = land(items=[{**GOOD_ITEM, "id": "aB"}], system={"fold_case": False}).items
    assert (item.product_id, item.product_key) == ("aB", "aB")


def test_control_characters_leave_texts_and_ids() -> None:
    (item,) = land(items=[{**GOOD_ITEM, "id": "a\x01b\x00", "title": "Tea\x1b[31m \x9bred\x07"}]).items
    assert (item.product_id, item.product_name) == ("ab", "Tea[31m red")


def _kwargs(suite: str, check: str) -> dict[str, Any]:
    document = json.loads((PROJECT_ROOT / "expectations" / "suites" / f"{suite}.json").read_text())
    (arguments,) = [
        expectation["kwargs"] for expectation in document["expectations"] if expectation["meta"]["check"] == check
    ]
    kwargs: dict[str, Any] = arguments
    return kwargs


def test_one_limit_of_ids_holds_at_every_boundary() -> None:
    suites = {
        "raw_orders": ["order_id_length", "user_id_length"],
        "raw_order_items": ["product_id_length"],
        "marts_interactions": ["user_id_length", "item_id_length"],
        "marts_items": ["item_id_length"],
        "marts_users": ["user_id_length"],
    }
    for suite, checks in suites.items():
        for check in checks:
            assert _kwargs(suite, check)["max_value"] == limits.LONGEST_ID, (suite, check)
    variables = yaml.safe_load((PROJECT_ROOT / "dbt" / "dbt_project.yml").read_text())["vars"]
    assert variables["max_id_length"] == limits.LONGEST_ID == MAX_KEY_LENGTH
    assert dataset_rows.LIMITS["max_id_length"] == limits.LONGEST_ID <= service.MAX_ID_LENGTH
    keys = re.findall(r"varchar\((\d+)\)", sql("cache/lists/create") + sql("cache/popular_products/create"))
    assert len(keys) == 2
    assert {int(length) for length in keys} == {limits.LONGEST_ID}


def test_the_earliest_moment_is_that_of_the_suites() -> None:
    for suite, check in (("raw_orders", "ordered_at_is_possible"), ("raw_orders_outliers", "updated_at_is_possible")):
        assert datetime.fromisoformat(_kwargs(suite, check)["min_value"]) == limits.EARLIEST_MOMENT


def test_the_largest_number_fits_every_column_it_goes_to() -> None:
    text = sql("raw/company__orders/create") + sql("raw/company__order_items/create")
    columns = re.findall(r"(quantity|unit_price|base_price|total_amount) numeric\((\d+), (\d+)\)", text)
    assert len(columns) == 4
    for name, digits, decimals in columns:
        assert limits.LARGEST_NUMBER + 0.5 * 10 ** -int(decimals) <= 10 ** (int(digits) - int(decimals)), name


def test_the_clocks_of_landing_and_of_the_gates_are_given_the_same_time() -> None:
    from aisle.quality import validation

    assert validation.CLOCK_TOLERANCE == limits.CLOCK_TOLERANCE == timedelta(hours=1)
