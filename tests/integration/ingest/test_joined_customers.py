"""Orders that share a contact are one customer's, under an id that stays; what joined them can be read, and undone."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.hashing import PersonHasher
from aisle.orders.windows import Window
from aisle.settings import Identity
from aisle.sources import source_named
from aisle.stages.erase.person import Request, traces_of
from aisle.warehouse import migrate, sql
from services.migrations.upgrade import upgrade
from tests.integration.ingest.scripted_company import order_of

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
PHONE, EMAIL = "0300-5550111", "zubaida@example.com"
CUSTOMERS = "select order_id, user_id from raw.company__orders order by source, order_id"
N_CUSTOMERS = "select count(*), count(distinct user_id) from raw.company__orders"


def contact(**known: str) -> str:
    """The id of a customer with this contact."""
    return HASHER.hashes("pos", Customer(**known)).known[0]


def sell(company: Any, *customers: dict[str, Any] | None) -> None:
    company.pos[:] = [order_of(number, customer=customer) for number, customer in enumerate(customers)]


def ingest_each(ingest: Any, hours: list[int]) -> None:
    """Land the orders one by one, each in a window of its own, in this order."""
    for hour in hours:
        ingest.backfill(hour, hour + 1)


def land_again(ingest: Any, run_key: str, source: str = "pos") -> None:
    """Land the whole day in a run of its own."""
    day = Window(ingest.start, ingest.start + timedelta(hours=24))
    ingest.pull([day], "backfill", run_key, source)


def start_anew(ingest: Any) -> None:
    ingest.execute(
        "truncate raw.company__orders, identity.records, identity.contacts, identity.customers, identity.placeholders"
        " cascade; truncate ops.ingest_windows cascade"
    )


def test_a_customer_keeps_the_older_id_when_an_order_joins_two(ingest: Any, company: Any) -> None:
    sell(company, {"email": EMAIL}, {"phone": PHONE}, {"phone": PHONE, "email": EMAIL})
    ingest_each(ingest, [0, 1])
    apart = [user_id for _, user_id in ingest.rows(CUSTOMERS)]
    assert apart == [contact(email=EMAIL), contact(phone=PHONE)]
    ingest_each(ingest, [2])
    assert {user_id for _, user_id in ingest.rows(CUSTOMERS)} == {contact(email=EMAIL)}
    assert ingest.rows("select user_id, phone, email from identity.customers") == [
        (contact(email=EMAIL), "+923005550111", EMAIL)
    ]


@pytest.mark.parametrize(
    ("sent", "sent_later"),
    [
        ({"phone": "0300-5550111"}, {"phone": "+92 (300) 5550111"}),
        ({"phone": "0300 555 0111"}, {"phone": "00923005550111"}),
        ({"email": "Zubaida@Example.com "}, {"email": "zubaida@example.com"}),
        ({"phone": PHONE, "id": " 7"}, {"id": "7"}),
        ({"phone": PHONE, "email": None}, {"phone": PHONE, "email": "none@shop.example", "id": ""}),
        ({"phone": "not given", "email": EMAIL}, {"email": EMAIL, "phone": PHONE}),
    ],
)
def test_spellings_and_missing_contacts_do_not_split_a_customer(
    ingest: Any, company: Any, sent: dict[str, Any], sent_later: dict[str, Any]
) -> None:
    sell(company, sent, sent_later)
    ingest.run(24)
    assert ingest.rows(N_CUSTOMERS) == [(2, 1)]


def test_an_id_of_one_source_joins_nobody_of_the_other_source(ingest: Any, company: Any) -> None:
    sell(company, {"id": "7"})
    company.orders[source_named("oe").path] = [order_of(1, customer={"id": "7"})]
    ingest.run(24)
    land_again(ingest, "online", "oe")
    assert ingest.rows(N_CUSTOMERS) == [(2, 2)]


def test_both_sources_of_one_customer_are_joined_by_an_e_mail_address(ingest: Any, company: Any) -> None:
    sell(company, {"phone": PHONE, "email": EMAIL})
    company.orders[source_named("oe").path] = [order_of(1, customer={"id": "w9", "email": EMAIL})]
    ingest.run(24)
    land_again(ingest, "online", "oe")
    assert ingest.rows(N_CUSTOMERS) == [(2, 1)]


def test_a_household_with_one_phone_is_one_customer_until_the_phone_is_set_aside(ingest: Any, company: Any) -> None:
    family = [{"phone": PHONE, "name": f"Member {n}", "email": f"member{n}@example.com"} for n in range(4)]
    sell(company, *family, *family)
    ingest.run(24)
    assert ingest.rows(N_CUSTOMERS) == [(8, 1)]
    ingest.execute(f"insert into identity.placeholders (contact_hash) values ('{contact(phone=PHONE)}')")
    land_again(ingest, "apart")
    assert ingest.rows(N_CUSTOMERS) == [(8, 4)]
    names = ingest.rows("select name, phone, email from identity.customers order by name")
    assert names == [(f"Member {n}", None, f"member{n}@example.com") for n in range(4)]
    ingest.execute("update identity.placeholders set is_placeholder = false")
    land_again(ingest, "together")
    assert ingest.rows(N_CUSTOMERS) == [(8, 1)]


def test_a_chain_of_a_thousand_orders_is_one_customer(ingest: Any, company: Any) -> None:
    """Each shares a contact with the next one only."""
    company.largest_page = 1000
    company.pos[:] = [
        {**order_of(0), "order_id": f"L{n}", "customer": {"email": f"z{n // 2}@example.com", "id": f"g{(n + 1) // 2}"}}
        for n in range(1000)
    ]
    random.Random(1).shuffle(company.pos)
    ingest.run(24)
    assert ingest.rows(N_CUSTOMERS) == [(1000, 1)]


@pytest.mark.parametrize(
    "contact_of",
    ["'shared'", "'z' || n / 2", "case when n % 2 = 0 then 'shared' else 'z' || n end"],
    ids=["one contact", "pairs", "one contact and others"],
)
def test_an_order_of_a_large_customer_costs_what_the_customer_has_not_its_square(ingest: Any, contact_of: str) -> None:
    ingest.execute(
        "insert into identity.records (record_id, user_id, first_seen_at, first_source, seen_at)"
        " select n::text, 'shared', now(), 'pos', now() from generate_series(1, 1000) as n;"
        "insert into identity.record_contacts (record_id, kind, contact_hash)"
        f" select n::text, 'phone', {contact_of} from generate_series(1, 1000) as n; analyze"
    )
    find_affected = sql("identity/records/find_affected").split(";\n")[0]
    with psycopg.connect(ingest.url) as connection:
        connection.execute(b"create temp table touched_records as select '2'::text as record_id")
        [([explained],)] = connection.execute(f"explain (analyze, format json) {find_affected}".encode()).fetchall()
        assert connection.execute(b"select count(*) from affected_records").fetchone() == (1000,)
    assert _most_rows(explained["Plan"]) <= 3000


def _most_rows(node: dict[str, Any]) -> int:
    """How many rows the largest step of a plan has."""
    rows = int(node["Actual Rows"] * node["Actual Loops"])
    return max([rows, *map(_most_rows, node.get("Plans", ()))])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_same_orders_give_the_same_customers_in_whatever_order_and_portions_they_come(
    ingest: Any, company: Any, seed: int
) -> None:
    chance = random.Random(seed)
    sell(company, *(_any_customer(chance) for _ in range(24)))
    ingest.run(24)
    at_once = ingest.rows(CUSTOMERS), ingest.rows("select * from identity.customers order by user_id")
    hours = list(range(24))
    for _ in range(2):
        start_anew(ingest)
        chance.shuffle(hours)
        ingest_each(ingest, hours)
        assert (ingest.rows(CUSTOMERS), ingest.rows("select * from identity.customers order by user_id")) == at_once


def _any_customer(chance: random.Random) -> dict[str, Any] | None:
    known = {
        "name": f"Customer {chance.randrange(30)}",
        "phone": chance.choice(["0300-5550100", f"0300-55502{chance.randrange(10, 30)}"]),
        "email": f"z{chance.randrange(20)}@example.com",
        "id": f"c{chance.randrange(20)}",
    }
    return {field: value if chance.random() < 0.5 else None for field, value in known.items()}


def test_the_ledger_says_which_contact_joined_which_orders_since_when(ingest: Any, company: Any) -> None:
    sell(company, {"phone": PHONE}, {"phone": PHONE, "email": EMAIL}, {"email": EMAIL, "id": "7"})
    ingest.run(24)
    links = ingest.rows(
        "select kind, count(*), min(first_order_number), bool_and(is_joining), count(distinct user_id)"
        " from identity.links group by kind, contact_hash order by kind"
    )
    assert links == [("email", 2, "A0001", True, 1), ("phone", 2, "A0000", True, 1), ("source_id", 1, "A0002", True, 1)]


def test_an_edited_order_goes_to_the_customer_that_it_names_now(ingest: Any, company: Any) -> None:
    sell(company, {"phone": PHONE}, {"email": EMAIL})
    ingest.run(24)
    company.edit(1, customer={"phone": PHONE})
    land_again(ingest, "edited")
    assert ingest.rows(N_CUSTOMERS) == [(2, 1)]
    company.edit(1, customer=None, updated_at="2026-03-01T00:00:00Z")
    land_again(ingest, "edited-again")
    assert [user_id for _, user_id in ingest.rows(CUSTOMERS)] == [contact(phone=PHONE), None]
    assert ingest.rows("select order_id from identity.order_records") == [("A0000",)]


def test_what_serving_keeps_under_an_id_of_before_is_found_under_the_id_of_today(ingest: Any, company: Any) -> None:
    upgrade(ingest.url)
    older, younger = contact(email=EMAIL), contact(phone=PHONE)
    sell(company, {"email": EMAIL}, {"phone": PHONE}, {"phone": PHONE, "email": EMAIL})
    ingest_each(ingest, [0, 1])
    ingest.execute(
        "insert into cache.offline_user_recommendations values"
        f" ('{younger}', '[]', now(), 'rank', 'g'); insert into serving.interactions"
        " (event_id, source, session_id, event_type, item_id, user_id, occurred_at, weight, weights_version)"
        f" values ('e1', 'api', 's1', 'click', 'p1', '{younger}', now(), 1, 'w')"
    )
    ingest_each(ingest, [2])
    assert ingest.rows("select user_id from cache.offline_user_recommendations") == [(older,)]
    assert ingest.rows("select user_id from serving.interactions") == [(older,)]
    resolved = (
        f"select user_id from identity.people_of(array['{younger}', '{older}', 'x'], array['h', 'h', '{younger}'])"
    )
    assert ingest.rows(resolved) == [(older,)] * 3


def test_where_both_ids_have_a_list_that_of_the_older_id_stays(ingest: Any, company: Any) -> None:
    older, younger = contact(email=EMAIL), contact(phone=PHONE)
    sell(company, {"email": EMAIL}, {"phone": PHONE}, {"phone": PHONE, "email": EMAIL})
    ingest_each(ingest, [0, 1])
    ingest.execute(
        "insert into cache.offline_user_recommendations values"
        f" ('{younger}', '[]', now(), 'rank', 'younger'), ('{older}', '[]', now(), 'rank', 'older')"
    )
    ingest_each(ingest, [2])
    assert ingest.rows("select user_id, generation from cache.offline_user_recommendations") == [(older, "older")]


def test_customers_of_an_older_warehouse_keep_their_ids_and_are_joined_with_new_orders(
    ingest: Any, company: Any
) -> None:
    sell(company, {"phone": PHONE, "email": EMAIL}, {"email": EMAIL, "id": "7"})
    ingest_each(ingest, [0])
    ingest.execute("truncate identity.records cascade")
    migrate(ingest.url)
    assert ingest.rows("select user_id, phone, email from identity.records") == [
        (contact(phone=PHONE), "+923005550111", EMAIL)
    ]
    ingest_each(ingest, [1])
    assert [user_id for _, user_id in ingest.rows(CUSTOMERS)] == [contact(phone=PHONE)] * 2


def test_an_erasure_by_any_contact_reaches_the_whole_customer(ingest: Any, company: Any) -> None:
    sell(company, {"email": EMAIL}, {"phone": PHONE, "email": EMAIL}, {"phone": PHONE, "id": "7"})
    ingest.run(24)
    with psycopg.connect(ingest.url) as connection:
        values = {"user_ids": [contact(id="7")], "most_links": 20}
        reached = connection.execute(sql("identity/contacts/follow").encode(), values).fetchall()
    assert contact(email=EMAIL) in {user_id for user_id, *_ in reached}


@pytest.mark.parametrize("asked", [{"email": EMAIL}, {"phone": PHONE}, {"source": "pos", "source_id": "g3"}])
def test_a_customer_with_many_ids_of_a_source_is_erased_whole_whatever_contact_the_request_names(
    ingest: Any, company: Any, asked: dict[str, str]
) -> None:
    """A guest has another id in each order: more of them than strangers may share say nothing of strangers."""
    guests = [{"name": "Zubaida", "email": EMAIL, "id": f"g{number}"} for number in range(22)]
    sell(company, *guests, {"name": "Zubaida", "phone": PHONE, "email": EMAIL})
    ingest.run(24)
    [(user_id,)] = set(ingest.rows("select user_id from raw.company__orders"))
    unknown = dict.fromkeys(("phone", "email", "source", "source_id", "user_id", "user_ids"))
    with psycopg.connect(ingest.url) as connection:
        traces = traces_of(connection, Request(**{**unknown, **asked, "state": "waiting"}), HASHER, 20)  # type: ignore[arg-type]
    assert user_id in traces.user_ids
    assert traces.n_shared == 0
