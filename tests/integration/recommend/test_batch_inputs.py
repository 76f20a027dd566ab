from __future__ import annotations

from typing import Any

import msgspec
import psycopg
import pytest

from airflow_postgres_s3.copy_to_s3 import RecordFormat, copy_to_s3
from aisle.contracts.personalize import BatchInput
from aisle.groups.dataset_group import dataset_groups
from aisle.warehouse import sql


def lines(
    url: str, s3: Any, bucket: str, kind: str, active_days: int | None = None, *, is_everybody: bool = True
) -> list[BatchInput]:
    group, params = dataset_groups()[0], {"active_days": active_days, "is_everybody": is_everybody}
    select = sql(f"recommend/{kind}", interactions=group.mart("interactions"), items=group.mart("items"))
    with psycopg.connect(url) as connection:
        copy_to_s3(connection, select, RecordFormat.JSON_LINES, s3, bucket, "lines", params)
    content = s3.get_object(Bucket=bucket, Key="lines")["Body"].read()
    return [msgspec.json.decode(line, type=BatchInput) for line in content.splitlines()]


def test_every_customer_with_a_sale_is_asked_for(marts: str, s3: Any, bucket: str) -> None:
    asked = [line.userId for line in lines(marts, s3, bucket, "users")]
    assert len(set(asked)) == len(asked) == 120
    assert "only cancelled" not in asked


def test_of_a_part_of_the_marts_those_without_an_interaction_in_it_are_left_out(
    marts: str, s3: Any, bucket: str
) -> None:
    with psycopg.connect(marts) as connection:
        connection.execute(
            "delete from personalize.interactions where user_id > (select min(user_id) from personalize.interactions)"
        )
    everybody = lines(marts, s3, bucket, "users")
    assert len(everybody) == 120
    assert lines(marts, s3, bucket, "users", is_everybody=False) == everybody[:1]


@pytest.mark.parametrize(("active_days", "expected"), [(1, 2), (10, 11), (5000, 120)])
def test_active_is_counted_back_from_the_newest_purchase(
    active_days: int, expected: int, marts: str, s3: Any, bucket: str
) -> None:
    assert len(lines(marts, s3, bucket, "users", active_days)) == expected


def test_every_item_is_asked_for(marts: str, s3: Any, bucket: str) -> None:
    assert [line.itemId for line in lines(marts, s3, bucket, "items")] == [f"P{n:03d}" for n in range(1, 41)]
