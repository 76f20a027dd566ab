"""Exports of shops as these write them, made by the tests. Nobody in them exists."""

from __future__ import annotations

import csv
import io
from typing import Any

SHOPIFY = [
    "Name",
    "Email",
    "Financial Status",
    "Paid at",
    "Fulfillment Status",
    "Fulfilled at",
    "Accepts Marketing",
    "Currency",
    "Subtotal",
    "Shipping",
    "Taxes",
    "Total",
    "Discount Code",
    "Discount Amount",
    "Shipping Method",
    "Created at",
    "Lineitem quantity",
    "Lineitem name",
    "Lineitem price",
    "Lineitem compare at price",
    "Lineitem sku",
    "Lineitem requires shipping",
    "Lineitem taxable",
    "Lineitem fulfillment status",
    "Billing Name",
    "Billing Street",
    "Billing City",
    "Billing Country",
    "Billing Phone",
    "Cancelled at",
    "Payment Method",
    "Refunded Amount",
    "Vendor",
    "Id",
    "Tags",
    "Lineitem discount",
    "Phone",
    "Shipping City",
]
WOOCOMMERCE = [
    "order_id",
    "order_number",
    "order_date",
    "status",
    "shipping_total",
    "discount_total",
    "order_total",
    "refunded_total",
    "order_currency",
    "payment_method",
    "customer_id",
    "billing_full_name",
    "billing_email",
    "billing_phone",
    "billing_address_1",
    "billing_city",
    "billing_state",
    "item_id",
    "item_product_id",
    "item_name",
    "item_sku",
    "item_quantity",
    "item_subtotal",
    "item_total",
    "item_refunded",
    "item_refunded_qty",
    "item_meta",
]


def csv_of(columns: list[str], rows: list[dict[str, Any]], **form: Any) -> bytes:
    """Rows as a CSV file; columns that the rows have beyond `columns` stand last."""
    columns = [*columns, *dict.fromkeys(name for row in rows for name in row if name not in columns)]
    file = io.StringIO()
    writer = csv.DictWriter(file, columns, restval="", **form)
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def shopify_order(number: int, *items: dict[str, Any], **header: Any) -> list[dict[str, Any]]:
    """An order of Shopify: what is said of the order stands on its first row only."""
    first = {
        "Email": f"buyer{number}@example.com",
        "Financial Status": "paid",
        "Currency": "PKR",
        "Total": "20.00",
        "Created at": "2026-01-05 11:13:13 +0500",
        "Billing Name": f"Zubaida Testperson {number}",
        "Billing Phone": f"'+92 300 55501{number:02d}",
        "Billing City": "Lahore",
        "Payment Method": "Cash on Delivery (COD)",
        "Id": f"53721{number:06d}",
        **header,
    }
    lines = items or (shopify_item(),)
    name = header.get("Name", f"#{number}")
    return [
        {"Name": name, "Email": first["Email"], **(first if not place else {}), **line}
        for place, line in enumerate(lines)
    ]


def shopify_item(sku: str = "TEA-1", **changes: Any) -> dict[str, Any]:
    return {
        "Lineitem quantity": "1",
        "Lineitem name": f"Product {sku}",
        "Lineitem price": "10.00",
        "Lineitem sku": sku,
        "Lineitem requires shipping": "true",
        "Vendor": "Garden",
        **changes,
    }


def woo_item(number: int, sku: str = "TEA-1", **changes: Any) -> dict[str, Any]:
    """One row of WooCommerce's export: the order again, and an item."""
    return {
        "order_id": str(number),
        "order_number": str(number),
        "order_date": "2026-01-05 11:13:13",
        "status": "completed",
        "order_total": "20.00",
        "order_currency": "PKR",
        "payment_method": "cod",
        "customer_id": str(number % 5 + 1),
        "billing_full_name": f"Zubaida Testperson {number}",
        "billing_email": f"buyer{number}@example.com",
        "billing_city": "Lahore",
        "billing_state": "Punjab",
        "item_id": "1",
        "item_product_id": "77",
        "item_name": f"Product {sku}",
        "item_sku": sku,
        "item_quantity": "2",
        "item_subtotal": "24",
        "item_total": "20",
        "item_refunded": "0",
        "item_refunded_qty": "0",
        **changes,
    }
