"""Order files as a test writes them, and what the company API reads in them."""

from __future__ import annotations

from collections.abc import Callable

from aisle.contracts.company_orders import Order
from services.company_api.order_book import Company

HEADER = "order_id,ordered_at,customer_ref,product_id,quantity,unit_price,status\n"
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
GOOD = "1,2026-01-05T10:00:00Z,c1,A,1,2.5,completed\n"

Read = Callable[..., Company]


def orders_of(company: Company) -> list[Order]:
    return [order for book in company.books.values() for order in book.page(0, len(book))]


def refs_of(company: Company) -> list[str | None]:
    return [order.customer.id if order.customer else None for order in orders_of(company)]
