"""A company whose newest week can be foretold from the weeks before."""

from __future__ import annotations

import time
from types import SimpleNamespace

import psycopg
import pytest

#: 150 customers, each buying within one fifth of 40 items: 12 purchases in seven weeks, 2 in the week after.
INTERACTIONS = """
truncate personalize.interactions;
insert into personalize.interactions
select
    md5(customer::text) as user_id,
    format('P%s', lpad((1 + (customer % 5) + 5 * ((customer * 7 + nth * nth) % 8))::text, 3, '0')) as item_id,
    'purchase'::text as event_type,
    1::real as event_value,
    1710000000::bigint + day * 86400 + customer as timestamp
from generate_series(1, 150) as customer,
    (select nth, case when nth <= 12 then nth * 4 else 54 + (nth - 13) * 3 end as day
     from generate_series(1, 14) as nth) as days;
truncate core.customers;
insert into core.customers
select user_id, count(*), count(*), to_timestamp(max(timestamp)) from personalize.interactions group by user_id;
truncate personalize.users;
insert into personalize.users select user_id, null, null, 'Lahore, Punjab' from core.customers;
"""


@pytest.fixture
def seasons(marts: str) -> str:
    """URL of a warehouse with 57 days of purchases, by day; the last seven days are a hold-out with 150 users."""
    with psycopg.connect(marts) as connection:
        connection.execute(INTERACTIONS.encode())
    return marts


@pytest.fixture(autouse=True)
def _short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interactions only, and many looks a second: what is tested here is the order of things."""
    import aisle.aws.operators.base_personalize as operators
    from aisle.settings import get_settings

    monkeypatch.setenv("AISLE_PERSONALIZE__WITH_ITEMS", "false")
    monkeypatch.setenv("AISLE_PERSONALIZE__WITH_USERS", "false")
    monkeypatch.setattr(operators, "time", SimpleNamespace(monotonic=time.monotonic, sleep=lambda _: time.sleep(0.05)))
    get_settings.cache_clear()
