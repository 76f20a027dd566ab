"""Exports of two shops travel from a folder through raw and the marts into Personalize's datasets."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import psycopg

from aisle.contracts.personalize import DATASETS
from aisle.groups.dataset_group import dataset_groups
from aisle.identity.hashing import PersonHasher
from aisle.orders.archive import Archive
from aisle.orders.drops import Drops
from aisle.orders.inbox import inbox_at
from aisle.settings import Identity
from aisle.stages.export.dataset_csv import export_dataset
from tests.integration.transform.conftest import Company
from tests.unit.sources.exports import SHOPIFY, WOOCOMMERCE, csv_of, shopify_item, shopify_order, woo_item

GIFT_CARD = shopify_item("", **{"Lineitem name": "Gift Card - 50"})
RATES = b"currency,valid_from,rate\nEUR,2026-01-01,300\n"


def shopify_export() -> bytes:
    """What a shop sold: a basket, a gift card in it, a test, a refund, a cancelled order, a part that came back."""
    orders = [
        shopify_order(1, shopify_item("TEA-1"), shopify_item("CUP-2", **{"Lineitem discount": "2.00"}), GIFT_CARD),
        shopify_order(2, shopify_item("TEA-1"), **{"Payment Method": "bogus"}),
        shopify_order(3, shopify_item("POT-3"), **{"Financial Status": "refunded"}),
        shopify_order(4, shopify_item("POT-3"), **{"Cancelled at": "2026-01-06 10:00:00 +0500"}),
        shopify_order(5, shopify_item("CUP-2"), **{"Financial Status": "partially_refunded"}),
        shopify_order(6, shopify_item("TEA-1"), **{"Currency": "EUR"}),
    ]
    return csv_of(SHOPIFY, [row for order in orders for row in order])


def woocommerce_export() -> bytes:
    """What another shop sold: to a buyer of the first, parts that came back, an order in a currency without a rate."""
    return csv_of(
        WOOCOMMERCE,
        [
            woo_item(1, "tea-1", billing_email="buyer1@example.com"),
            woo_item(8, "CUP-2", item_quantity="2", item_refunded_qty="-1"),
            woo_item(8, "POT-3", item_quantity="1", item_refunded_qty="-1"),
            woo_item(9, order_currency="USD"),
        ],
    )


def exported(url: str, s3: Any, bucket: str) -> dict[str, list[dict[str, str]]]:
    rows = {}
    for dataset in DATASETS:
        with psycopg.connect(url) as connection:
            export_dataset(connection, s3, bucket, dataset_groups()[0], dataset, "files")
        key = f"export/{dataset.name}/files/{dataset.name}.csv"
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        rows[dataset.name] = list(csv.DictReader(body.decode().splitlines(), escapechar="\\", doublequote=False))
    return rows


def test_exports_of_shopify_and_woocommerce_travel_from_a_folder_to_the_datasets(
    company: Company, s3: Any, bucket: str, tmp_path: Path
) -> None:
    for folder, body in (
        ("exchange_rates", RATES), ("shopify", shopify_export()), ("woocommerce", woocommerce_export()),
    ):  # fmt: skip
        (tmp_path / "drops" / folder).mkdir(parents=True)
        (tmp_path / "drops" / folder / "orders.csv").write_bytes(body)
    with psycopg.connect(company.url, autocommit=True) as connection:
        hasher = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
        read = Drops(inbox_at(str(tmp_path / "drops"), s3), Archive(s3, bucket, "files"), hasher, connection).read()
    assert (read.files, read.failed, read.order_items) == (2, (), 12)
    reasons = company.rows("select reason, count(*)::int as n from raw.company__rejects group by 1 order by 1")
    assert {row["reason"]: row["n"] for row in reasons} == {
        "gift_card": 1, "test_order": 1, "returned": 1, "unknown_exchange_rate": 1,
    }  # fmt: skip

    company.build()
    rows = exported(company.url, s3, bucket)
    bought = sorted(row["ITEM_ID"].upper() for row in rows["interactions"])
    assert bought == ["CUP-2", "CUP-2", "CUP-2", "TEA-1", "TEA-1", "TEA-1"]
    assert {row["ITEM_ID"].upper() for row in rows["items"]} >= {"TEA-1", "CUP-2"}
    paid = company.rows("select unit_price::float as paid from raw.company__order_items where order_id = '#6'")
    assert paid == [{"paid": 3000.0}]
    buyers = {row["USER_ID"] for row in rows["interactions"]}
    assert buyers <= {row["USER_ID"] for row in rows["users"]}
    assert len(buyers) == 4, "buyer 1 of both shops is one person"
    assert not any(
        "@" in value or "Zubaida" in value for table in rows.values() for row in table for value in row.values()
    )
