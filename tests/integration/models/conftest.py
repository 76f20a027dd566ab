"""A company whose newest week can be predicted from the weeks before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aisle.groups.dataset_group import DatasetGroup, dataset_group
from aisle.settings import get_settings
from tests.waiting import poll_often

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

#: As many customers again, in the north, who buy other items, and each time another one: nothing can be predicted.
NORTH = """
insert into personalize.interactions
select
    'north-' || user_id as user_id,
    format('N%s', lpad((1 + abs(hashtext(user_id || timestamp)) % 30)::text, 3, '0')) as item_id,
    event_type,
    event_value,
    timestamp
from personalize.interactions
where timestamp < 1710000000 + 57 * 86400;
insert into personalize.users
select distinct user_id, null::integer, null, 'Peshawar, Khyber' from personalize.interactions
where user_id like 'north-%';
insert into core.customers
select user_id, count(*), count(*), to_timestamp(max(timestamp)) from personalize.interactions
where user_id like 'north-%' group by user_id;
"""

ONE_GROUP = """
groups:
  - name: aisle
    datasets: {interactions: {schema: contract}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
      similar-items: {recipe: aws-sims}
      popularity: {recipe: aws-popularity-count}
"""
TWO_REGIONS = """
groups:
  - name: aisle
    where: {users: {location: ['Lahore, Punjab']}}
    datasets: {interactions: {schema: contract}}
    solutions:
      user-personalization: {recipe: aws-user-personalization}
  - name: shop-north
    where: {users: {location: ['Peshawar, Khyber']}}
    datasets: {interactions: {schema: contract}}
    solutions:
      user-personalization: {recipe: aws-user-personalization, event_type: purchase}
"""


def describe(groups: str, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a file of this text be the environment's."""
    file.write_text(groups)
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()


@pytest.fixture
def seasons(marts: str) -> str:
    """URL of a warehouse with 57 days of purchases, by day; the last seven days are a hold-out with 150 users."""
    with psycopg.connect(marts) as connection:
        connection.execute(INTERACTIONS.encode())
    return marts


@pytest.fixture
def regions(seasons: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """URL of a warehouse with customers in two regions, each a dataset group; those in the north buy at random."""
    describe(TWO_REGIONS, tmp_path / "regions.yaml", monkeypatch)
    with psycopg.connect(seasons) as connection:
        connection.execute(NORTH.encode())
    return seasons


@pytest.fixture
def group() -> DatasetGroup:
    """The first group: the only one, but for the tests of two regions."""
    return dataset_group("aisle")


@pytest.fixture
def north() -> DatasetGroup:
    """The second of the two regions."""
    return dataset_group("shop-north")


@pytest.fixture(autouse=True)
def _short_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Interactions only, and many looks a second: what is tested here is the order of things."""
    import airflow_personalize.operators.personalize as operators

    poll_often(operators, monkeypatch)
    describe(ONE_GROUP, tmp_path / "resources.yaml", monkeypatch)
    yield
    get_settings.cache_clear()
