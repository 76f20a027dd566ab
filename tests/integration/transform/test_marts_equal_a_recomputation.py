"""Whatever happens to orders, in whatever order and however it is built: the marts equal a plain recomputation."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from aisle.stages.transform import extent
from aisle.warehouse import sql
from tests.integration.transform.conftest import Company
from tests.integration.transform.recomputed import CONTACT, differences_from_a_recomputation

#: One walk by default; AISLE_WALKS=20 tries more. A failure names its seed, AISLE_WALK_SEED=<seed> walks it again.
N_WALKS = int(os.environ.get("AISLE_WALKS", "1"))
N_BUILDS, SHARE_OF_FULL_BUILDS = 5, 0.15
START = datetime(2024, 1, 1, 9, tzinfo=UTC)

Row = dict[str, Any]

_STORED = """
insert into raw.company__orders (
    source, order_id, order_number, ordered_at, status, user_id, city, province, total_amount, content_hash, run_key
)
values (
    %(source)s, %(order_id)s, %(order_id)s, %(ordered_at)s, %(status)s, %(user_id)s, %(city)s, %(province)s,
    %(total_amount)s, 'hash', 'run'
)
on conflict (source, order_id) do update set
    ordered_at = excluded.ordered_at, status = excluded.status, user_id = excluded.user_id, city = excluded.city,
    province = excluded.province, total_amount = excluded.total_amount
"""
_ITEM_STORED = """
insert into raw.company__order_items (
    source, order_id, line_number, product_id, product_key, product_name, category, brand, quantity, unit_price,
    merged_lines
)
values (
    %(source)s, %(order_id)s, %(line_number)s, %(product_id)s, upper(%(product_id)s), %(product_name)s, %(category)s,
    null, %(quantity)s, %(unit_price)s, %(merged_lines)s
)
"""
_SPELT = """
insert into raw.company__product_spellings values (upper(%(product_id)s), %(product_id)s) on conflict do nothing
"""


class Shop:
    """Orders that change at random, and the raw tables that ingest would make of them."""

    def __init__(self, connection: psycopg.Connection[Any], seed: int) -> None:
        self.connection = connection
        self.random = random.Random(seed)
        self.orders: dict[tuple[str, str], Row] = {}
        self.users = [f"user-{number}" for number in range(12)]
        self.products = ["Mug-a", "MUG-A", "mug-a", "CUP", "PAN", "tea", "Tea", "SOAP", "POST", "GIFT_0001_20", "TOY"]

    def happen(self) -> None:
        """Let one thing happen."""
        pick: Callable[[], None] = self.random.choices(
            [
                self.create, self.edit_items, self.edit_order, self.cancel, self.complete, self.give_back,
                self.send_again, self.merge_people, self.split_person, self.vanish, self.empty, self.respell,
                self.erase, self.create_burst, self.move_far,
            ],
            weights=[40, 15, 12, 8, 6, 6, 8, 3, 3, 3, 2, 1, 1, 3, 3],
        )[0]  # fmt: skip
        pick()

    def create(self) -> None:
        source = self.random.choice(["pos", "oe"])
        order_id = f"{len(self.orders) + 1}"
        order = {
            "source": source,
            "order_id": order_id,
            "ordered_at": self._moment(),
            "status": self.random.choices(["completed", "pending", "cancelled"], weights=[8, 1, 1])[0],
            "user_id": self.random.choice([None, *self.users]),
            "city": self.random.choice([None, "Lahore", "LAHORE", " lahore", "Multan", f"call {CONTACT}", "A|B"]),
            "province": self.random.choice([None, "Punjab", "punjab", "Sindh"]),
            "total_amount": self.random.choice([None, Decimal(50)]),
        }
        self._store(order, self._items())

    def create_burst(self) -> None:
        """Sell one product often enough to have a range of its own."""
        product_id = self.random.choice(self.products)
        for _ in range(8):
            self.create()
            order = list(self.orders.values())[-1]
            self._store(order, [{**self._item(), "product_id": product_id} for _ in range(3)])

    def edit_items(self) -> None:
        self._change(items=self._items())

    def edit_order(self) -> None:
        self._change(ordered_at=self._moment(), city=self.random.choice([None, "Quetta", "lahore"]))

    def move_far(self) -> None:
        self._change(ordered_at=self._moment() + timedelta(days=self.random.choice([-400, 60])))

    def cancel(self) -> None:
        self._change(status="cancelled")

    def complete(self) -> None:
        self._change(status="completed")

    def give_back(self) -> None:
        """Come with a document of its own, of negative quantities."""
        if self.orders:
            order = self.random.choice(list(self.orders.values()))
            returned = {**order, "order_id": f"C{order['order_id']}", "status": "cancelled"}
            self._store(returned, [{**item, "quantity": -abs(item["quantity"])} for item in order["items"]])

    def send_again(self) -> None:
        self._change()

    def merge_people(self) -> None:
        gone, stays = self.random.sample(self.users, 2)
        for order in list(self.orders.values()):
            if order["user_id"] == gone:
                self._store({**order, "user_id": stays}, order["items"])

    def split_person(self) -> None:
        chosen = self.random.choice(self.users)
        for order in [order for order in self.orders.values() if order["user_id"] == chosen][::2]:
            self._store({**order, "user_id": f"{chosen}-b"}, order["items"])

    def vanish(self) -> None:
        if self.orders:
            key = self.random.choice(list(self.orders))
            del self.orders[key]
            self.connection.execute("delete from raw.company__orders where (source, order_id) = (%s, %s)", key)

    def empty(self) -> None:
        self._change(items=[])

    def respell(self) -> None:
        """Let the next order decide how a product is spelt."""
        key = self.random.choice(self.products).upper()
        self.connection.execute("delete from raw.company__product_spellings where product_key = %s", (key,))

    def erase(self) -> None:
        erased = self.random.choice(self.users)
        self.connection.execute(sql("identity/personal_data/forget").encode(), {"user_ids": [erased]})
        for order in self.orders.values():
            order["user_id"] = None if order["user_id"] == erased else order["user_id"]

    def _change(self, **values: Any) -> None:
        if self.orders:
            order = {**self.random.choice(list(self.orders.values())), **values}
            self._store(order, order["items"])

    def _moment(self) -> datetime:
        """Mostly in the order of time, sometimes late, often at the same moment."""
        day = max(0, len(self.orders) // 2 - self.random.choice([0, 0, 0, 1, 5, 30]))
        return START + timedelta(days=day, hours=self.random.randrange(3))

    def _items(self) -> list[Row]:
        return [self._item() for _ in range(self.random.choice([1, 1, 2, 3, 4]))]

    def _item(self) -> Row:
        names = [None, "", "Blue mug", "blue mug", "damaged", "Tin"]
        return {
            "product_id": self.random.choice(self.products),
            "product_name": self.random.choices([*names, f"for Ali {CONTACT}"], weights=[5] * len(names) + [2])[0],
            "category": self.random.choice([None, "kitchen|garden", "kitchen", "bath"]),
            "quantity": Decimal(self.random.choice(["1", "1", "2", "3", "40", "0.5"])),
            "unit_price": Decimal(self.random.choice(["5", "5", "4.5", "6", "0", "900", "0.0125"])),
            "merged_lines": self.random.choice([0, 0, 0, 2]),
        }

    def _store(self, order: Row, items: list[Row]) -> None:
        """Store the newest version of an order as ingest does: the row is replaced, and all its items."""
        key = order["source"], order["order_id"]
        self.orders[key] = {**order, "items": items}
        self.connection.execute("delete from raw.company__order_items where (source, order_id) = (%s, %s)", key)
        self.connection.execute(_STORED, order)
        for number, item in enumerate(items, start=1):
            row = {**item, "source": key[0], "order_id": key[1], "line_number": number}
            self.connection.execute(_ITEM_STORED, row)
            self.connection.execute(_SPELT, row)


def _seeds() -> list[int]:
    chosen = os.environ.get("AISLE_WALK_SEED")
    return [int(chosen)] if chosen else list(range(1, N_WALKS + 1))


@pytest.mark.timeout(1800)  # five builds, each of them with all its data tests
@pytest.mark.parametrize("seed", _seeds())
def test_marts_equal_a_plain_recomputation_whatever_happened(
    company: Company, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extent, "LARGEST_SHARE", 1)
    reasons = []
    with psycopg.connect(company.url, autocommit=True) as connection:
        shop = Shop(connection, seed)
        for n_events in (60, *(shop.random.choice([1, 3, 20]) for _ in range(N_BUILDS - 1))):
            with connection.transaction():
                for _ in range(n_events):
                    shop.happen()
            build = company.build(is_full=shop.random.random() < SHARE_OF_FULL_BUILDS)
            reasons.append(build.extent.reason)
            assert differences_from_a_recomputation(company.url) == [], f"seed {seed}, builds: {reasons}"
