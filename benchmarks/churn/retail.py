"""The orders of Online Retail in a warehouse's raw tables, without the company API: only customers that are known."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Final

import pandas as pd
import psycopg

_ORDERS: Final = "source, order_id, order_number, ordered_at, status, user_id, content_hash, run_key"
_ITEMS: Final = "source, order_id, line_number, product_id, product_key, product_name, quantity, unit_price"
_SPELLINGS: Final = """
    insert into raw.company__product_spellings
    select product_key, min(product_id) from raw.company__order_items group by product_key
"""


def load_orders(url: str, file: Path, every_nth_customer: int = 1) -> int:
    """Load the orders of customers into empty raw tables, those that begin with C as cancelled; return how many."""
    rows = pd.read_parquet(file).dropna(subset=["CustomerID"]).drop_duplicates()
    rows = rows[rows["CustomerID"].astype(int) % every_nth_customer == 0]
    rows["product_id"] = rows["StockCode"].str.strip()
    orders = rows.groupby("InvoiceNo", sort=False).agg(
        ordered_at=("InvoiceDate", "min"), customer=("CustomerID", "first")
    )
    order_ids = orders.index.to_series()
    orders = pd.DataFrame(
        {
            "source": "oe", "order_id": order_ids, "order_number": order_ids,
            "ordered_at": orders["ordered_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "status": order_ids.str.startswith("C").map({True: "cancelled", False: "completed"}),
            "user_id": "customer-" + orders["customer"].astype(int).astype(str), "content_hash": "-", "run_key": "-",
        }
    )  # fmt: skip
    items = pd.DataFrame(
        {
            "source": "oe", "order_id": rows["InvoiceNo"], "line_number": rows.groupby("InvoiceNo").cumcount() + 1,
            "product_id": rows["product_id"], "product_key": rows["product_id"].str.upper(),
            "product_name": rows["Description"], "quantity": rows["Quantity"], "unit_price": rows["UnitPrice"],
        }
    )  # fmt: skip
    with psycopg.connect(url) as connection:
        for table, columns, frame in (("orders", _ORDERS, orders), ("order_items", _ITEMS, items)):
            text = StringIO()
            frame.to_csv(text, header=False, index=False)
            with connection.cursor().copy(f"copy raw.company__{table} ({columns}) from stdin csv".encode()) as copy:
                copy.write(text.getvalue())
        connection.execute(_SPELLINGS.encode())
    return len(orders)
