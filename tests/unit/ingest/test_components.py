"""Records that share a contact are one customer, whatever the order of the links within an order's place in time."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aisle.identity.components import customers_of

_LINKS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40, unique=True)


def test_a_record_alone_is_its_strongest_contact() -> None:
    assert customers_of([("r1", "phone"), ("r1", "email")]) == {"r1": "phone"}


def test_the_older_id_stays_when_two_customers_are_joined() -> None:
    apart = [("r1", "email"), ("r2", "phone")]
    assert customers_of(apart) == {"r1": "email", "r2": "phone"}
    assert customers_of([*apart, ("r3", "phone"), ("r3", "email")]) == dict.fromkeys(("r1", "r2", "r3"), "email")


def test_a_chain_of_a_hundred_thousand_is_one_customer_in_either_direction() -> None:
    chain = [(f"r{number}", f"c{number + step}") for number in range(100_000) for step in (0, 1)]
    assert set(customers_of(chain).values()) == {"c0"}
    assert set(customers_of(chain[::-1]).values()) == {"c100000"}


def test_nobody_without_links() -> None:
    assert customers_of([]) == {}


@given(_LINKS, st.randoms())
def test_who_is_one_customer_does_not_depend_on_the_order_of_links(
    links: list[tuple[int, int]], chance: random.Random
) -> None:
    named = [(f"r{record}", f"c{contact}") for record, contact in links]
    shuffled = chance.sample(named, len(named))
    assert _groups(customers_of(named)) == _groups(customers_of(shuffled)) == _groups(_by_flooding(named))


def _by_flooding(links: list[tuple[str, str]]) -> dict[str, str]:
    label = {record: record for record, _ in links}
    for _ in links:
        for record, contact in links:
            near = [other for other, shared in links if shared == contact]
            label[record] = min(label[other] for other in near)
    return label


def _groups(customers: dict[str, str]) -> set[frozenset[str]]:
    return {
        frozenset(record for record, customer in customers.items() if customer == chosen)
        for chosen in customers.values()
    }
