"""The generated company has the size it says, the same bytes for the same seed, and tastes that can be learnt."""

import math
from collections import Counter, defaultdict

import msgspec
import numpy as np
import phonenumbers
import pytest

from aisle.contracts.company_orders import ORDER_STATUSES, Order
from services.company_api.order_book import Company
from services.company_api.world.catalogue import CATEGORIES
from services.company_api.world.company import generate
from services.company_api.world.scales import SCALES, Scale


def all_orders(company: Company) -> list[Order]:
    return [order for book in company.books.values() for order in book.page(0, len(book))]


def person(order: Order) -> str | None:
    """The customer, identified as ingest does: by phone, else e-mail, else the source's number."""
    customer = order.customer
    if customer is None:
        return None
    if customer.phone:
        number = phonenumbers.parse(customer.phone, "PK")
        assert phonenumbers.is_valid_number(number)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return customer.email or f"{order.order_id.split('-')[0]}:{customer.id}"


@pytest.fixture(scope="module")
def tiny() -> list[Order]:
    return all_orders(generate("tiny", 7))


@pytest.mark.parametrize("name", ["tiny", "small"])
def test_totals_are_exactly_those_of_the_scale(name):
    scale, company = SCALES[name], generate(name, 7)
    summary = company.summary()
    assert (summary["orders"], summary["order_lines"]) == (scale.orders, scale.order_items)
    assert (summary["customers"], summary["products"]) == (scale.customers, scale.products)
    assert "2024-07-01" <= summary["first_order_at"] <= summary["last_order_at"] < "2026-07-01"


def test_every_product_is_sold_even_where_items_are_few(monkeypatch):
    monkeypatch.setitem(SCALES, "tiny", Scale(100, 150, 900, 300, categories=8, styles=3, segments=4))
    summaries = [generate("tiny", seed).summary() for seed in range(10)]
    assert {(summary["order_lines"], summary["products"]) for summary in summaries} == {(900, 300)}


def test_same_seed_gives_the_same_bytes_and_another_seed_others():
    first, again, other = (msgspec.json.encode(all_orders(generate("tiny", seed))) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_order_keeps_the_wire_contract(tiny):
    decoded = msgspec.json.decode(msgspec.json.encode(tiny), type=list[Order])
    assert len(decoded) == SCALES["tiny"].orders
    assert {order.status for order in decoded} == set(ORDER_STATUSES)
    assert all(order.order_date.tzinfo and order.updated_at >= order.order_date for order in decoded)
    assert len({order.order_id for order in decoded}) == len(decoded)


def test_recognising_people_finds_exactly_the_customers(tiny):
    people = {person(order) for order in tiny} - {None}
    assert len(people) == SCALES["tiny"].customers


def test_one_person_appears_in_both_systems_and_in_several_spellings(tiny):
    sources, spellings, refs = defaultdict(set), defaultdict(set), defaultdict(set)
    for order in tiny:
        if order.customer and order.customer.phone:
            sources[person(order)].add(order.order_id.split("-")[0])
            spellings[person(order)].add(order.customer.phone)
            refs[person(order)].add(order.customer.id)
    both = [key for key, seen in sources.items() if len(seen) == 2]
    assert both
    assert all(len(spellings[key]) > 1 and len(refs[key]) > 1 for key in both)


def test_personal_data_is_made_up(tiny):
    emails = [order.customer.email for order in tiny if order.customer and order.customer.email]
    assert emails
    assert all(email.endswith("@example.com") for email in emails)


def test_some_orders_are_walk_ins_and_some_customers_return(tiny):
    visits = Counter(person(order) for order in tiny)
    assert 0.02 < visits.pop(None) / len(tiny) < 0.08
    assert sum(count > 1 for count in visits.values()) > len(visits) / 4


def test_every_kind_of_dirt_is_there_but_only_a_handful(tiny):
    items = [item for order in tiny for item in order.items]
    dirt = {
        "missing product": [item for item in items if item.id is None],
        "negative price": [item for item in items if item.price is not None and item.price < 0],
        "missing price": [item for item in items if item.price is None or math.isnan(item.price)],
        "zero quantity": [item for item in items if item.quantity == 0],
        "missing quantity": [item for item in items if item.quantity is None or math.isnan(item.quantity)],
        "negative quantity": [item for item in items if item.quantity is not None and item.quantity < 0],
    }
    assert {name: len(lines) for name, lines in dirt.items()} == dict.fromkeys(dirt, 3)
    assert sum(len(set(order.items)) < len(order.items) for order in tiny) == 3  # scanned twice


def test_seasonal_categories_sell_in_their_months():
    peaks = {category.name: category.peak_month for category in CATEGORIES if category.peak_month}
    sold = defaultdict(Counter)
    for order in all_orders(generate("small", 7)):
        sold[order.order_date.month].update(item.category for item in order.items)
    for name, peak in peaks.items():
        if not any(name in month for month in sold.values()):
            continue  # this scale has fewer categories
        share = {month: counts[name] / counts.total() for month, counts in sold.items()}
        assert share[peak] > 1.3 * share[(peak + 5) % 12 + 1], name


def test_tastes_can_be_learnt_beyond_popularity():
    """Precision at 10 on the newest sixth of the purchases: item-item regression against best sellers."""
    bought = [
        (person(order), item.id, order.order_date)
        for order in all_orders(generate("small", 7))
        if order.customer and order.status == "completed"
        for item in order.items
        if item.id
    ]
    users = {name: row for row, name in enumerate(dict.fromkeys(user for user, _, _ in bought))}
    items = {name: col for col, name in enumerate(dict.fromkeys(item for _, item, _ in bought))}
    cut = sorted(when for _, _, when in bought)[len(bought) * 5 // 6]
    seen, later = np.zeros((2, len(users), len(items)), np.float32)
    for user, item, when in bought:
        (seen if when < cut else later)[users[user], items[item]] = 1
    active = (seen.any(axis=1)) & (later.any(axis=1))
    learnt = _precision_at_10(seen[active] @ _item_weights(seen), later[active])
    popular = _precision_at_10(np.tile(seen.sum(axis=0), (active.sum(), 1)), later[active])
    assert learnt > 1.5 * popular


def _item_weights(seen: np.ndarray) -> np.ndarray:
    """EASE: Steck 2019, "Embarrassingly shallow autoencoders for sparse data"."""
    inverse = np.linalg.inv(seen.T @ seen + 100 * np.eye(seen.shape[1], dtype=np.float32))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights


def _precision_at_10(scores: np.ndarray, later: np.ndarray) -> float:
    best = np.argsort(-scores, axis=1)[:, :10]
    return float(np.take_along_axis(later, best, axis=1).mean())
