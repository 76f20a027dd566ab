"""A contact that a till writes for everybody identifies nobody: it merges no people, and no order is lost."""

from __future__ import annotations

from typing import Any

import pytest

from aisle.sources import source_named
from tests.integration.ingest.scripted_company import order_of

N_ORDERS = 40
_USERS = "select count(*), count(user_id), count(distinct user_id) from raw.company__orders"


def _sell_to(company: Any, customer: Any) -> None:
    company.sell(N_ORDERS)
    for number, order in enumerate(company.pos):
        order["customer"] = customer(number)


@pytest.mark.parametrize(
    "shared",
    [
        {"phone": "03000000000"},
        {"phone": "+92 300 1111111"},
        {"phone": "0300-5550100"},
        {"email": "noreply@shop.example"},
        {"email": "cash.sales@shop.example"},
        {"phone": "0300-5550100", "email": "till-7@shop.example"},
    ],
)
def test_people_behind_a_shared_contact_are_known_by_their_other_marks(ingest: Any, company: Any, shared: Any) -> None:
    _sell_to(company, lambda number: {"id": f"x{number}", "name": f"Walk-in {number}", **shared})
    ingest.run(48)
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, N_ORDERS)]
    assert ingest.rows("select count(phone), count(email) from identity.customers") == [(0, 0)]


@pytest.mark.parametrize("shared", [{"phone": "0300-5550100"}, {"email": "cash@shop.example"}, {"id": "0"}])
def test_people_without_any_other_mark_are_walk_ins(ingest: Any, company: Any, shared: Any) -> None:
    _sell_to(company, lambda number: {"name": f"Walk-in {number}", **shared})
    ingest.run(48)
    assert ingest.rows(_USERS) == [(N_ORDERS, 0, 0)]
    assert ingest.rows("select count(*) from identity.customers") == [(0,)]


def test_ids_alone_distinguish_people_where_there_are_no_names(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"x{number}", "phone": "0300-5550100"})
    ingest.run(48)
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, N_ORDERS)]


def test_a_guest_with_a_new_id_for_every_order_stays_one_person(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"guest-{number}", "name": "Zubaida", "phone": "0300-5550100"})
    ingest.run(48)
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, 1)]


@pytest.mark.parametrize("last", [{}, {"name": " "}, {"name": None}])
def test_a_guest_stays_one_person_when_an_order_comes_without_the_name(ingest: Any, company: Any, last: Any) -> None:
    _sell_to(company, lambda number: {"id": f"guest-{number}", "name": "Zubaida", "phone": "0300-5550100"})
    ingest.run(30)
    company.pos[39]["customer"] = {"id": "guest-39", "phone": "0300-5550100", **last}
    ingest.pull(_windows(ingest, 39, 48), "scheduled", "without-overlap")
    assert ingest.rows(_USERS) == [(31, 31, 1)]


def test_a_customer_made_of_a_shared_contact_is_nobody_in_every_source(ingest: Any, company: Any) -> None:
    company.orders[source_named("oe").path] = [order_of(5, order_id="OE", customer={"phone": "0300-5550100"})]
    ingest.pull(_windows(ingest, 0, 48), "scheduled", "online", "oe")
    _sell_to(company, lambda number: {"id": f"x{number}", "name": f"Walk-in {number}", "phone": "0300-5550100"})
    ingest.run(48)
    assert ingest.rows("select source, user_id from raw.company__orders where source = 'oe'") == [("oe", None)]


def test_a_family_with_one_phone_stays_one_person(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"f{number % 5}", "name": f"Member {number % 5}", "phone": "0300-5550100"})
    ingest.run(48)
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, 1)]


def test_people_who_were_merged_are_separated_as_soon_as_too_many_share_the_contact(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"x{number}", "name": f"Walk-in {number}", "phone": "0300-5550100"})
    ingest.run(8)
    assert ingest.rows(_USERS) == [(8, 8, 1)]
    ingest.pull(_windows(ingest, 8, 48), "scheduled", "without-overlap")
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, N_ORDERS)]
    written = ingest.everything()
    ingest.backfill(0, 48)
    assert ingest.everything() == written


def test_placeholders_are_listed_with_how_many_people_records_and_orders_have_them(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"x{number}", "name": f"Walk-in {number % 20}", "phone": "0300-5550100"})
    ingest.run(48)
    [(_, kind, *counts)] = ingest.rows("select * from identity.placeholder_counts")
    assert (kind, *counts) == ("phone", 20, N_ORDERS, N_ORDERS)


def test_a_contact_that_is_marked_as_no_placeholder_makes_one_person(ingest: Any, company: Any) -> None:
    _sell_to(company, lambda number: {"id": f"x{number}", "name": f"Walk-in {number}", "phone": "0300-5550100"})
    ingest.run(48)
    ingest.execute("update identity.placeholders set is_placeholder = false")
    ingest.run(49)
    assert ingest.rows(_USERS) == [(N_ORDERS, N_ORDERS, 1)]


def _windows(ingest: Any, first_hour: int, last_hour: int) -> list[Any]:
    from datetime import timedelta

    from aisle.orders.windows import Window

    return [Window(ingest.start + timedelta(hours=first_hour), ingest.start + timedelta(hours=last_hour))]
