"""The marts of analytics, computed with pandas from rows of other marts, without any model of dbt."""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

import pandas as pd

Row = dict[str, Any]

LARGEST_BASKET, FEWEST_BASKETS = 50, 2


def recompute_analytics(
    orders: list[Row],
    items: list[Row],
    purchases: list[Row],
    products: list[Row],
    places: dict[tuple[str, str], list[tuple[str, str]]],
) -> dict[str, list[Row]]:
    """Return the rows of each mart that depends on orders alone, by its name.

    `orders`, `items` and `products` are those of core; a purchase is all of a product in an order; `places` has the
    kinds and keys of the regions that each order names.
    """
    bought = pd.DataFrame([order for order in orders if order["user_id"] and order["n_purchases"]])
    return {
        "analytics.customer_segments": [] if bought.empty else _segments(bought),
        "analytics.cohort_retention": [] if bought.empty else _cohorts(bought),
        "analytics.product_pairs": _pairs(purchases),
        "analytics.returns": _returns(items),
        "analytics.regional_demand": _demand(purchases, products, places),
    }


def _segments(orders: pd.DataFrame) -> list[Row]:
    customers = orders.groupby("user_id").agg(
        last=("ordered_at", "max"), n_orders=("order_id", "size"), amount=("items_amount", "sum")
    )
    fifths = {
        name: 1 + (customers[column].rank(method="min").astype(int) - 1) * 5 // len(customers)
        for name, column in (("recency", "last"), ("frequency", "n_orders"), ("monetary", "amount"))
    }
    newest = customers["last"].max().date()
    return [
        {
            "user_id": user_id,
            "recency_days": (newest - customer["last"].date()).days,
            "n_orders": int(customer["n_orders"]),
            "amount": customer["amount"],
            **{f"{name}_score": int(scores[user_id]) for name, scores in fifths.items()},
            "segment": _segment(*(int(scores[user_id]) for scores in fifths.values()), int(customer["n_orders"])),
            "churn_risk": None,
            "churn_level": None,
        }
        for user_id, customer in customers.iterrows()
    ]


def _segment(recency: int, frequency: int, monetary: int, n_orders: int) -> str:
    """Return the segment, as a table of recency and frequency has it."""
    is_recent, is_frequent = recency >= 3, frequency >= 3
    if not is_recent:
        return "at risk" if is_frequent else "lost"
    if not is_frequent:
        return "new" if recency >= 4 and n_orders == 1 else "promising"
    return "champion" if min(recency, frequency, monetary) >= 4 else "loyal"


def _cohorts(orders: pd.DataFrame) -> list[Row]:
    months = orders.assign(month=orders["ordered_at"].map(lambda at: at.year * 12 + at.month - 1))
    months["cohort"] = months.groupby("user_id")["month"].transform("min")
    newest = int(months["month"].max())
    rows = []
    for cohort, members in months.groupby("cohort"):
        n_customers = members["user_id"].nunique()
        for month in range(int(cohort), newest + 1):
            active = members[members["month"] == month]
            rows.append(
                {
                    "cohort_month": _first_day(int(cohort)),
                    "month": _first_day(month),
                    "n_months_later": month - int(cohort),
                    "n_customers": n_customers,
                    "n_active": active["user_id"].nunique(),
                    "retention": active["user_id"].nunique() / n_customers,
                    "amount": sum(active["items_amount"]),
                }
            )
    return rows


def _returns(items: list[Row]) -> list[Row]:
    """Return what each return takes from the customer's stack of bought units, the oldest first."""
    stacks: dict[tuple[str, str], list[list[Any]]] = {}
    rows = []
    for item in sorted(items, key=lambda item: (item["ordered_at"], not item["is_purchase"], *_place(item))):
        if item["user_id"] is None or not item["is_product"]:
            continue
        stack = stacks.setdefault((item["user_id"], item["product_id"]), [])
        units = item["quantity"] * item["n_lines"]
        if item["is_purchase"]:
            stack.append([units, item])
        while units < 0:
            taken = min(-units, stack[0][0]) if stack else -units
            rows.append(_returned(item, taken, stack[0][1] if stack else None))
            units += taken
            if stack:
                stack[0][0] -= taken
                stack[:] = [left for left in stack if left[0] > 0]
    return rows


def _place(item: Row) -> tuple[Any, ...]:
    return item["source"], item["order_id"], item["line_number"]


def _returned(item: Row, n_units: Any, purchase: Row | None) -> Row:
    bought = purchase or {}
    return {
        **{name: item[name] for name in ("source", "order_id", "line_number", "user_id", "product_id")},
        "returned_at": item["ordered_at"],
        "n_units": n_units,
        **{f"purchase_{name}": bought.get(name) for name in ("source", "order_id", "line_number")},
        "purchased_at": bought.get("ordered_at"),
    }


def _first_day(month: int) -> Any:
    return pd.Timestamp(month // 12, month % 12 + 1, 1).date()


def _pairs(purchases: list[Row]) -> list[Row]:
    of_orders: dict[tuple[str, str], list[str]] = {}
    for row in purchases:
        of_orders.setdefault((row["source"], row["order_id"]), []).append(row["product_id"])
    baskets = [basket for basket in of_orders.values() if len(basket) <= LARGEST_BASKET]
    n_with = Counter(product for basket in baskets for product in basket)
    n_both = Counter(pair for basket in baskets for pair in permutations(basket, 2))
    return [
        {
            "product_id": product,
            "with_product_id": other,
            "n_baskets": n,
            "support": n / len(baskets),
            "confidence": n / n_with[product],
            "lift": (n / len(baskets)) / (n_with[product] / len(baskets) * n_with[other] / len(baskets)),
        }
        for (product, other), n in n_both.items()
        if n >= FEWEST_BASKETS
    ]


def _demand(
    purchases: list[Row], products: list[Row], places: dict[tuple[str, str], list[tuple[str, str]]]
) -> list[Row]:
    categories = {row["product_id"]: row["category"] for row in products}
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in purchases:
        order = row["source"], row["order_id"]
        month = row["ordered_at"].date().replace(day=1)
        for kind, region in [("all", "ALL"), *places[order]]:
            groups.setdefault((kind, region, month, categories[row["product_id"]]), []).append(row)
    return [
        {
            "region_kind": kind,
            "region": region,
            "month": month,
            "category": category,
            "n_orders": len({(row["source"], row["order_id"]) for row in rows}),
            "n_customers": len({row["user_id"] for row in rows} - {None}),
            "n_sold": sum(row["quantity"] for row in rows),
            "amount": sum(row["amount"] for row in rows),
        }
        for (kind, region, month, category), rows in groups.items()
    ]
