"""The marts of core, personalize and analytics, computed row by row from the raw tables, without any model of dbt.

Slow and simple on purpose: what docs/modelling.md says, and nothing of how the models do it.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import numpy as np
import psycopg
from psycopg.rows import dict_row

from aisle.settings import PROJECT_ROOT
from tests.integration.transform.recomputed_analytics import recompute_analytics

Row = dict[str, Any]
Key = tuple[Any, ...]

#: The one contact that texts of the test may hold; everything else in them is harmless.
CONTACT = "0300-1234567"
TREND, LARGEST_BASKET, FEWEST_ORDERS, MOST_PAIRS = timedelta(days=28), 50, 2, 50
FEWEST_PURCHASES, LEAST_RATIO = 20, 2.0


def recompute(orders: list[Row], items: list[Row], spellings: dict[str, str]) -> dict[str, list[Row]]:
    """Return the rows of every mart, by its name. `orders` and `items` are those of schema raw."""
    order_by_key = {(order["source"], order["order_id"]): order for order in orders}
    lines = [_line(item, order_by_key[item["source"], item["order_id"]], spellings) for item in items]
    purchases = _purchases(lines)
    products = _products(lines, purchases)
    held_back = _held_back(products)
    held_ids = {row["item_id"] for row in held_back}
    marts = {
        "core.orders": [_order(order, lines) for order in orders],
        "core.order_items": _flagged(lines),
        "core.products": products,
        "core.held_back_items": held_back,
        "core.products_bought_together": _bought_together(purchases),
        "core.popular_products": _popular(purchases, order_by_key),
        "personalize.items": [
            _item(row) for row in products if row["is_product"] and row["product_id"] not in held_ids
        ],
        "personalize.interactions": [
            _interaction(row) for row in purchases if row["user_id"] and row["product_id"] not in held_ids
        ],
    }
    customers = _customers(marts["core.orders"])
    users = {row["user_id"] for row in marts["personalize.interactions"]}
    living = _living(customers)
    regions = {key: [place[:2] for place in _places(order)] for key, order in order_by_key.items()}
    analytics = recompute_analytics(marts["core.orders"], marts["core.order_items"], purchases, products, regions)
    return (
        marts
        | analytics
        | {
            "core.customers": customers,
            "core.region_customers": living,
            "core.regions": _regions(orders, living),
            "personalize.users": [_user(row) for row in customers if row["user_id"] in users],
        }
    )


def _grouped(rows: Iterable[Row], *names: str) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


def _text(value: str | None) -> str | None:
    return (value or "").strip(" ") or None


def _line(item: Row, order: Row, spellings: dict[str, str]) -> Row:
    product_id = spellings.get(item["product_key"], item["product_key"])
    is_sale = order["status"] == "completed" and item["quantity"] > 0 and item["unit_price"] > 0
    is_product = not any(re.fullmatch(pattern, product_id.upper()) for pattern in _non_products())
    n_lines = 1 + item["merged_lines"]
    return {
        **{name: item[name] for name in ("source", "order_id", "line_number", "quantity", "unit_price")},
        **{name: _text(item[name]) for name in ("product_name", "category", "brand")},
        "user_id": order["user_id"],
        "ordered_at": order["ordered_at"],
        "product_id": product_id,
        "amount": item["quantity"] * item["unit_price"] * n_lines,
        "n_lines": n_lines,
        "is_cancelled": order["status"] == "cancelled",
        "is_product": is_product,
        "is_sale": is_sale,
        "is_purchase": is_sale and is_product,
    }


def _non_products() -> list[str]:
    with (PROJECT_ROOT / "dbt" / "seeds" / "non_product_codes.csv").open() as file:
        return [row["product_id_pattern"] for row in csv.DictReader(file)]


def _purchases(lines: list[Row]) -> list[Row]:
    sold = (line for line in lines if line["is_purchase"])
    return [
        {
            **{name: group[0][name] for name in ("source", "order_id", "product_id", "user_id", "ordered_at")},
            "n_lines": sum(line["n_lines"] for line in group),
            "quantity": sum(line["quantity"] * line["n_lines"] for line in group),
            "amount": sum(line["amount"] for line in group),
        }
        for group in _grouped(sold, "source", "order_id", "product_id").values()
    ]


def _order(order: Row, lines: list[Row]) -> Row:
    own = [line for line in lines if (line["source"], line["order_id"]) == (order["source"], order["order_id"])]
    amount = sum((line["amount"] for line in own), Decimal(0))
    return {
        **{name: order[name] for name in ("source", "order_id", "order_number", "user_id", "ordered_at", "status")},
        "is_cancelled": order["status"] == "cancelled",
        **{name: _text(order[name]) for name in ("city", "province", "payment_mode", "brand")},
        "n_lines": sum(line["n_lines"] for line in own),
        "n_sales": sum(line["n_lines"] for line in own if line["is_sale"]),
        "n_purchases": sum(line["n_lines"] for line in own if line["is_purchase"]),
        "n_items": sum(line["quantity"] * line["n_lines"] for line in own),
        "items_amount": amount,
        "total_amount": amount if order["total_amount"] is None else order["total_amount"],
    }


def _quantile(values: list[float], fraction: float) -> float:
    ordered, place = sorted(values), fraction * (len(values) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def _fences(values: list[float]) -> tuple[float, float]:
    low, high = _quantile(values, 0.25), _quantile(values, 0.75)
    reach = max(high / low, LEAST_RATIO) ** 3
    return low / reach, high * reach


def _flagged(lines: list[Row]) -> list[Row]:
    sold = [line for line in lines if line["is_purchase"]]
    by_product = _grouped(sold, "product_id")

    def is_outlier(line: Row, name: str) -> bool:
        own = by_product.get((line["product_id"],), [])
        usual = own if len(own) >= FEWEST_PURCHASES else sold
        if not line["is_purchase"]:
            return False
        least, greatest = _fences([float(other[name]) for other in usual])
        return not least <= float(line[name]) <= greatest

    return [
        {
            **{name: value for name, value in line.items() if name != "brand"},
            "is_quantity_outlier": is_outlier(line, "quantity"),
            "is_price_outlier": is_outlier(line, "unit_price"),
        }
        for line in lines
    ]


def _label(lines: list[Row], name: str) -> str | None:
    groups = {label: group for (label,), group in _grouped(lines, name).items() if label is not None}
    ranked = sorted(groups)
    ranked.sort(
        key=lambda label: (
            any(line["is_sale"] for line in groups[label]),
            max(line["ordered_at"] for line in groups[label]),
            len(groups[label]),
        ),
        reverse=True,
    )
    return ranked[0] if ranked else None


def _products(lines: list[Row], purchases: list[Row]) -> list[Row]:
    sold = _grouped(purchases, "product_id")
    return [
        _product(product_id, group, sold.get((product_id,), []))
        for (product_id,), group in _grouped(lines, "product_id").items()
    ]


def _product(product_id: str, lines: list[Row], sold: list[Row]) -> Row:
    prices = [float(line["unit_price"]) for line in lines if line["is_purchase"]]
    newest = max((row["ordered_at"] for row in sold), default=None)
    last = min((row for row in sold if row["ordered_at"] == newest), key=_order_key, default=None)
    return {
        "product_id": product_id,
        "is_product": lines[0]["is_product"],
        **{name: _label(lines, name) for name in ("product_name", "category", "brand")},
        "median_price": _quantile(prices, 0.5) if prices else None,
        "last_price": None if last is None else round(last["amount"] / last["quantity"], 4),
        "first_seen_at": min(line["ordered_at"] for line in lines),
        "first_sold_at": min((row["ordered_at"] for row in sold), default=None),
        "last_sold_at": newest,
        "n_orders": len(sold),
        "n_purchases": sum(row["n_lines"] for row in sold),
        "n_sold": sum(row["quantity"] for row in sold),
    }


def _order_key(row: Row) -> Key:
    return row["source"], row["order_id"]


def _held_back(products: list[Row]) -> list[Row]:
    texts = {"item_id": "product_id", "product_name": "product_name", "category": "category"}
    return [
        {
            "item_id": row["product_id"],
            "column_name": column,
            "reason": "a phone number",
            "text_digest": hashlib.md5(row[name].encode(), usedforsecurity=False).hexdigest()[:12],
        }
        for row in products
        for column, name in texts.items()
        if row["is_product"] and CONTACT in (row[name] or "")
    ]


def _bought_together(purchases: list[Row]) -> list[Row]:
    n_orders = Counter(row["product_id"] for row in purchases)
    pairs: Counter[Key] = Counter()
    for basket in _grouped(purchases, "source", "order_id").values():
        if len(basket) <= LARGEST_BASKET:
            pairs.update(permutations([row["product_id"] for row in basket], 2))
    rows = [
        {"product_id": a, "with_product_id": b, "n_orders": n, "score": n / math.sqrt(float(n_orders[a]) * n_orders[b])}
        for (a, b), n in pairs.items()
        if n >= FEWEST_ORDERS
    ]
    rows.sort(key=lambda row: (-row["score"], -row["n_orders"], row["with_product_id"]))
    return [row for group in _grouped(rows, "product_id").values() for row in group[:MOST_PAIRS]]


def _places(row: Row) -> list[tuple[str, str, str]]:
    """Return the kind, the key and the spelling of each region that a row names."""
    written = {kind: _text(row[kind]) for kind in ("city", "province")}
    return [
        (kind, " ".join(name.split()).upper(), name) for kind, name in written.items() if name and CONTACT not in name
    ]


def _popular(purchases: list[Row], orders: dict[Key, Row]) -> list[Row]:
    counts: dict[Key, Counter[str]] = defaultdict(Counter)
    newest = max((row["ordered_at"] for row in purchases), default=None)
    for row in purchases:
        regions = [place[:2] for place in _places(orders[_order_key(row)])]
        for kind, region in [("all", "ALL"), *regions]:
            count = counts[kind, region, row["product_id"]]
            count["n_orders"] += 1
            count["n_recent_orders"] += row["ordered_at"] > newest - TREND
            count["n_earlier_orders"] += newest - 2 * TREND < row["ordered_at"] <= newest - TREND
    return [
        {"region_kind": kind, "region": region, "product_id": product_id, **count}
        for (kind, region, product_id), count in counts.items()
    ]


def _customers(orders: list[Row]) -> list[Row]:
    known = [order for order in orders if order["user_id"] is not None]
    return [_customer(user_id, group) for (user_id,), group in _grouped(known, "user_id").items()]


def _customer(user_id: str, orders: list[Row]) -> Row:
    placed = sorted((order for order in orders if order["city"] or order["province"]), key=_order_key)
    home = max(placed, key=lambda order: order["ordered_at"], default={"city": None, "province": None})
    bought = [order["ordered_at"] for order in orders if order["n_purchases"]]
    holds_contact = CONTACT in (home["city"] or "") or CONTACT in (home["province"] or "")
    return {
        "user_id": user_id,
        "city": home["city"],
        "province": home["province"],
        "n_orders": sum(not order["is_cancelled"] for order in orders),
        "n_sales": sum(order["n_sales"] for order in orders),
        "n_purchases": sum(order["n_purchases"] for order in orders),
        "first_seen_at": min(order["ordered_at"] for order in orders),
        "first_purchased_at": min(bought, default=None),
        "last_purchased_at": max(bought, default=None),
        "total_amount": sum(order["total_amount"] for order in orders if order["status"] == "completed"),
        "place_seems_to_hold": "a phone number" if holds_contact else None,
    }


def _living(customers: list[Row]) -> list[Row]:
    return [
        {"region_kind": kind, "region": region, **{name: row[name] for name in ("user_id", "last_purchased_at")}}
        for row in customers
        if row["n_sales"]
        for kind, region, _ in _places(row)
    ]


def _regions(orders: list[Row], living: list[Row]) -> list[Row]:
    spellings: dict[Key, Counter[str]] = defaultdict(Counter)
    for order in orders:
        for kind, region, written in _places(order):
            spellings[kind, region][written] += 1
    n_customers = Counter((row["region_kind"], row["region"]) for row in living)
    return [
        {
            "region_kind": kind,
            "region": region,
            "region_name": min(counts, key=lambda written, counts=counts: (-counts[written], written)),
            "n_orders": counts.total(),
            "n_customers": n_customers[kind, region],
        }
        for (kind, region), counts in spellings.items()
    ]


def _real(value: Any) -> float:
    """Return what a value of four bytes reads as."""
    return float(str(np.float32(value)))


def _item(product: Row) -> Row:
    price, seen_at = product["median_price"], product["first_sold_at"] or product["first_seen_at"]
    return {
        "item_id": product["product_id"],
        "product_name": product["product_name"],
        "category": (product["category"] or "").replace("|", "/") or None,
        "price": None if price is None else _real(price),
        "creation_timestamp": math.floor(seen_at.timestamp()),
    }


def _interaction(purchase: Row) -> Row:
    return {
        "user_id": purchase["user_id"],
        "item_id": purchase["product_id"],
        "event_type": "purchase",
        "event_value": _real(purchase["quantity"]),
        "timestamp": math.floor(purchase["ordered_at"].timestamp()),
    }


def _user(customer: Row) -> Row:
    places = [name for name in (customer["city"], customer["province"]) if name and CONTACT not in name]
    location = ", ".join(places).replace("|", "/").strip(" ") or None
    return {"user_id": customer["user_id"], "age": None, "gender": None, "location": location}


def differences(marts: dict[str, list[Row]], expected: dict[str, list[Row]]) -> list[str]:
    """Name every row that only one side has. Floats are compared to eleven digits."""
    return [
        f"{mart}, only {side}: {dict(row)}"
        for mart in sorted(expected)
        for side, surplus in _surplus(_bag(marts[mart]), _bag(expected[mart]))
        for row in surplus.elements()
    ]


def _surplus(built: Counter[Key], expected: Counter[Key]) -> list[tuple[str, Counter[Key]]]:
    return [("built", built - expected), ("recomputed", expected - built)]


def _bag(rows: list[Row]) -> Counter[Key]:
    return Counter(tuple(sorted((name, _plain(value)) for name, value in row.items())) for row in rows)


_PLAIN: dict[type, Callable[[Any], Any]] = {
    float: lambda value: float(f"{value:.11g}"),
    Decimal: lambda value: float(f"{value:.11g}"),
    int: float,
}


def _plain(value: Any) -> Any:
    return _PLAIN.get(type(value), lambda same: same)(value)


def _rows(url: str, table: str) -> list[Row]:
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(f"select * from {table}".encode()).fetchall()


def _recomputed(url: str) -> dict[str, list[Row]]:
    spellings = {row["product_key"]: row["product_id"] for row in _rows(url, "raw.company__product_spellings")}
    return recompute(_rows(url, "raw.company__orders"), _rows(url, "raw.company__order_items"), spellings)


def differences_from_a_recomputation(url: str) -> list[str]:
    """Return what a warehouse's marts have otherwise than a recomputation of its raw tables."""
    return differences({mart: _rows(url, mart) for mart in recompute([], [], {})}, _recomputed(url))
