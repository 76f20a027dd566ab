"""A company that spoils one order of each sort: the same ones every time, and every other order as it was."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from pydantic import ValidationError

from aisle.settings import PROJECT_ROOT
from services.company_api.order_book import OrderBook
from services.company_api.settings import CompanyApiSettings
from services.company_api.world.company import generate
from services.company_api.world.spoilt import SORTS


def _pages(*, spoilt: bool) -> dict[str, list[bytes]]:
    books = generate("tiny", 7, spoilt=spoilt).books
    return {name: [msgspec.json.encode(order) for order in book.page(0, len(book))] for name, book in books.items()}


def test_exactly_one_order_of_each_sort_goes_out_otherwise_the_same_ones_every_time() -> None:
    sound, spoilt = _pages(spoilt=False), _pages(spoilt=True)
    assert spoilt == _pages(spoilt=True)
    changed = [order for name in sound for order, as_it_was in zip(spoilt[name], sound[name], strict=True)
               if order != as_it_was]  # fmt: skip
    assert len(changed) == len(set(changed)) == len(SORTS)
    assert sum(_is_json(order) for order in changed) == sum(not sort.raw for sort in SORTS.values())


def test_a_spoilt_order_has_as_many_items_as_the_company_counts() -> None:
    for book in generate("tiny", 7, spoilt=True).books.values():
        for position, wire in book.spoilt.items():
            (order,) = book.sound_page(position, position + 1)
            sent = bytes(wire(order))
            items = msgspec.json.decode(sent)["items"] if _is_json(sent) else None
            assert len(order.items) == (len(items) if isinstance(items, list) else 1)


def _is_json(order: bytes) -> bool:
    try:
        msgspec.json.decode(order)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def test_every_sort_has_its_row_in_the_readme() -> None:
    page = (PROJECT_ROOT / "services" / "company_api" / "README.md").read_text()
    rows = dict(re.findall(r"^\| ([^|]+) \| `?(\w+)`? \|$", page, re.MULTILINE))
    assert {name: sort.outcome for name, sort in SORTS.items()}.items() <= rows.items()


def test_orders_of_a_file_are_not_spoilt(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="leave out one of the two"):
        CompanyApiSettings(token="t", orders=tmp_path / "orders.csv", spoilt=True)  # type: ignore[arg-type]


def test_a_book_without_spoilt_orders_sends_what_it_has() -> None:
    book: OrderBook = generate("tiny", 7).books["pos"]
    assert book.page(3, 9) == book.sound_page(3, 9)
    assert book.page(9, 9) == []
