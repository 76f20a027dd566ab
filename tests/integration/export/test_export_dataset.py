from __future__ import annotations

import csv
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from aisle.contracts.personalize import DATASETS, INTERACTIONS, ITEMS, USERS, Dataset
from aisle.errors import ContractBroken
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.export.dataset_csv import export_dataset

by_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.name)


def export(url: str, s3: Any, bucket: str, dataset: Dataset, run_key: str = "run") -> Any:
    with psycopg.connect(url) as connection:
        return export_dataset(connection, s3, bucket, dataset_groups()[0], dataset, run_key)


def lines_of(s3: Any, bucket: str, dataset: Dataset, run_key: str = "run") -> list[str]:
    key = f"export/{dataset.name}/{run_key}/{dataset.name}.csv"
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content.decode().splitlines()


@by_dataset
def test_the_header_is_the_schema_in_its_order_and_not_quoted(
    dataset: Dataset, marts: str, s3: Any, bucket: str
) -> None:
    copied = export(marts, s3, bucket, dataset)
    lines = lines_of(s3, bucket, dataset)
    assert lines[0] == dataset.header
    assert len(lines) == copied.n_rows + 1 > 40


def test_every_value_arrives(marts: str, s3: Any, bucket: str) -> None:
    export(marts, s3, bucket, ITEMS)
    rows = list(csv.DictReader(lines_of(s3, bucket, ITEMS), escapechar="\\", doublequote=False))
    assert rows[9] == {
        "ITEM_ID": "P010",
        "PRODUCT_NAME": 'product "10", with a comma',
        "CATEGORY": "",
        "PRICE": "15",
        "CREATION_TIMESTAMP": "1700000010",
    }


@by_dataset
def test_equal_data_gives_equal_bytes_however_it_lies_in_the_table(
    dataset: Dataset, marts: str, s3: Any, bucket: str
) -> None:
    first = export(marts, s3, bucket, dataset, "first")
    with psycopg.connect(marts) as connection:
        mart = f"personalize.{dataset.name}"
        connection.execute(
            f"create table shuffled as select * from {mart} order by random(); truncate {mart}; "
            f"insert into {mart} select * from shuffled".encode()
        )
    second = export(marts, s3, bucket, dataset, "second")
    assert second.sha256 == first.sha256
    assert second.uri != first.uri


def test_other_data_gives_other_bytes(marts: str, s3: Any, bucket: str) -> None:
    first = export(marts, s3, bucket, ITEMS)
    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.items set price = price + 1 where item_id = 'P001'")
    assert export(marts, s3, bucket, ITEMS).sha256 != first.sha256


def test_the_export_is_noted_with_its_digest(marts: str, s3: Any, bucket: str) -> None:
    copied = export(marts, s3, bucket, USERS)
    with psycopg.connect(marts) as connection:
        noted = connection.execute("select dataset, run_key, uri, n_rows, n_bytes, sha256 from ops.exports").fetchall()
    assert noted == [("users", "run", copied.uri, copied.n_rows, copied.n_bytes, copied.sha256)]


@pytest.mark.parametrize(
    ("dataset", "damage", "refused"),
    [
        (ITEMS, "update personalize.items set category = repeat('c', 1001) where item_id = 'P007'", "CATEGORY.*P007"),
        (
            ITEMS,
            "update personalize.items set product_name = repeat('n', 20001) where item_id = 'P007'",
            "PRODUCT_NAME",
        ),
        (ITEMS, "update personalize.items set item_id = null where item_id = 'P007'", "ITEM_ID.* has no characters"),
        (INTERACTIONS, "update personalize.interactions set item_id = repeat('i', 257) where item_id = 'P007'", "257"),
        (INTERACTIONS, "update personalize.interactions set user_id = '' where item_id = 'P007'", "USER_ID of .*P007"),
        (
            USERS,
            "update personalize.users set location = repeat('l', 1001) where user_id = md5('1')",
            "LOCATION.*c4ca4238",
        ),
    ],
)
def test_a_value_that_personalize_would_refuse_stops_before_anything_is_uploaded(
    dataset: Dataset, damage: str, refused: str, marts: str, s3: Any, bucket: str
) -> None:
    with psycopg.connect(marts) as connection:
        connection.execute(damage.encode())
    with pytest.raises(ContractBroken, match=refused):
        export(marts, s3, bucket, dataset)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_the_whole_user_id_is_in_no_error(marts: str, s3: Any, bucket: str) -> None:
    with psycopg.connect(marts) as connection:
        connection.execute("update personalize.users set location = repeat('l', 1001) where user_id = md5('1')")
    with pytest.raises(ContractBroken) as raised:
        export(marts, s3, bucket, USERS)
    assert "c4ca4238a0b923820dcc509a6f75849b" not in str(raised.value)


def test_a_query_that_has_left_the_schema_is_refused(
    marts: str, s3: Any, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wider = replace(ITEMS, columns=(*ITEMS.columns, replace(ITEMS.columns[0], name="BRAND")))
    with pytest.raises(ContractBroken, match="BRAND"):
        export(marts, s3, bucket, wider)
