"""Pages written by a grammar, each with one order spoilt in one way: exactly that one is no order."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec
import pytest

from aisle.errors import AisleError
from aisle.orders import spoilt
from aisle.orders.answer import read_page
from aisle.orders.reader import RefusedOrder, Rules, read_order
from aisle.orders.spoilt import legible, sort_out
from aisle.orders.wording import wording_of_body
from aisle.sources import source_named

#: `make test` looks at some thousand pages; AISLE_FUZZ_PAGES=100000 is the whole run.
N_PAGES = int(os.environ.get("AISLE_FUZZ_PAGES", "3000"))

RULES = Rules(source_named("pos"), datetime(2030, 1, 1, tzinfo=UTC))

Spoil = Callable[[random.Random, bytes], bytes]

_TEXTS = (
    "Green tea",
    "Mug }],[{",
    "caf\u00e9 \U0001f600",
    'a \\"quoted\\" word',
    "\\\\",
    "data",
    "\\u00e9",
    "",
    "],",
    "\\n",
)


def order_text(chance: random.Random, number: int) -> bytes:
    def text() -> str:
        return f'"{chance.choice(_TEXTS)}"'

    def item() -> str:
        members = [
            f'"id":{text()}',
            f'"title":{text()}',
            f'"quantity":{chance.choice(("1", "2.5", "0"))}',
            '"price":10.0',
        ]
        members += ['"order_id":"A7"'] * chance.randint(0, 1) + ['"tags":["a",{"b":[]}]'] * chance.randint(0, 1)
        return "{" + ",".join(members) + "}"

    members = [
        f'"order_id":"A{number}"',
        '"order_date":"2026-01-01T00:00:00Z"',
        '"status":"completed"',
        f'"items":[{",".join(item() for _ in range(chance.randint(0, 3)))}]',
        *[f'"customer":{{"id":"c1","name":{text()}}}'] * chance.randint(0, 1),
        *['"note":[[],{},null,true,-1e3]'] * chance.randint(0, 1),
    ]
    chance.shuffle(members)
    space = chance.choice(("", " ", "\n  "))
    return ("{" + space + ("," + space).join(members) + space + "}").encode()


def page_text(chance: random.Random, orders: list[bytes], *, ends_with_cursor: bool) -> bytes:
    comma = chance.choice((b",", b", ", b"\n,\n"))
    data = b"[" + chance.choice((b"", b" ")) + comma.join(orders) + chance.choice((b"", b"\n")) + b"]"
    if not ends_with_cursor and chance.random() < 0.3:
        return data
    members = [b'"data":' + data, b'"meta":{"data":["x"],"took":[1]}']
    chance.shuffle(members)
    members.insert(2 if ends_with_cursor else chance.randint(0, 2), b'"next_cursor":null')
    return b"{" + b",".join(members) + b"}"


def _into_a_string(what: bytes) -> Spoil:
    """Puts something behind the first letter of a value that is text."""

    def spoil(chance: random.Random, order: bytes) -> bytes:
        places = [place for place in range(len(order)) if order.startswith((b':"c', b':"A', b':"2026'), place)]
        place = chance.choice(places) + 3
        return order[:place] + what + order[place:]

    return spoil


def _for_a_value(what: bytes) -> Spoil:
    def spoil(chance: random.Random, order: bytes) -> bytes:
        return order.replace(b'"status":"completed"', b'"status":' + what)

    return spoil


def _without(what: bytes) -> Spoil:
    def spoil(chance: random.Random, order: bytes) -> bytes:
        places = [place for place in range(len(order)) if order.startswith(what, place)]
        place = chance.choice(places)
        return order[:place] + order[place + len(what) :]

    return spoil


SPOILS: dict[str, Spoil] = {
    "half an emoji": _into_a_string(b"\\ud83d"),
    "line break": _into_a_string(b"\n"),
    "control character": _into_a_string(b"\x02"),
    "unknown escape": _into_a_string(b"\\q"),
    "short escape": _into_a_string(b"\\u12x"),
    "quote": _into_a_string(b'"'),
    "two quotes": _into_a_string(b'" x"'),
    "quote and brackets": _into_a_string(b'"}],['),
    "NaN": _for_a_value(b"NaN"),
    "infinity": _for_a_value(b"-Infinity"),
    "no value": _for_a_value(b""),
    "word": _for_a_value(b"completed"),
    "single quotes": _for_a_value(b"'completed'"),
    "too deep": _for_a_value(b"[" * 3_000 + b"]" * 3_000),
    "deep without end": _for_a_value(b"[" * 3_000),
    "leading zero": _for_a_value(b"007"),
    "hexadecimal": _for_a_value(b"0x1F"),
    "comment": _for_a_value(b'"completed" /* done */'),
    "no colon": _without(b":"),
    "no closing brace": lambda _, order: order[:-1],
    "no opening brace": lambda _, order: order[1:],
    "closing brace too many": lambda _, order: order + b"}",
    "closing bracket too many": lambda _, order: order[:-1] + b"]}",
    "cut in half": lambda _, order: order[: len(order) // 2],
    "not an object": lambda _, order: b"<html>",
    "invalid UTF-8": lambda _, order: order.replace(b'"A', b'"\xff', 1).replace(b"completed", b"comple\xc3ted"),
}


#: Where the last order does not close, only a cursor after it distinguishes the page from one that was cut off.
_UNCLOSED = ("deep without end", "no closing brace", "cut in half")


def spoilt_pages(n_pages: int, seed: int) -> Iterator[tuple[str, bytes, list[bytes], int]]:
    """Kind, page, its good orders as written, and the place of the spoilt one."""
    chance = random.Random(seed)
    kinds = list(SPOILS)
    for number in range(n_pages):
        kind = kinds[number % len(kinds)]
        orders = [order_text(chance, place) for place in range(chance.randint(1, 6))]
        place = chance.randrange(len(orders))
        good = [*orders[:place], *orders[place + 1 :]]
        orders[place] = SPOILS[kind](chance, orders[place])
        is_last = place + 1 == len(orders)
        yield kind, page_text(chance, orders, ends_with_cursor=is_last and kind in _UNCLOSED), good, place


def refused_places(page: bytes) -> tuple[list[bytes], list[int]] | str:
    """The orders found in a page and the places of those that are no orders; or why there are none."""
    try:
        orders = read_page(page, {}, "GET", 1).orders
    except AisleError as error:
        return str(error)
    refused = [place for place, order in enumerate(orders) if isinstance(read_order(order, RULES), RefusedOrder)]
    return [bytes(order) for order in orders], refused


def test_of_a_page_with_one_spoilt_order_exactly_that_order_is_rejected() -> None:
    wrong = []
    for kind, page, good, place in spoilt_pages(N_PAGES, seed=9):
        refused = refused_places(page)
        kept = [*refused[0][:place], *refused[0][place + 1 :]] if isinstance(refused, tuple) else None
        if kept != good or refused[1] != [place]:
            wrong.append((kind, refused[1] if kept else refused, page[:2000]))
    assert wrong[:3] == []


@pytest.fixture(params=[1_000, 5_000], ids=["default", "as Airflow sets it"])
def recursion_limit(request: pytest.FixtureRequest) -> Iterator[int]:
    """Copying a DAG raises the limit to 5,000 for the rest of the process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(request.param)
    yield request.param
    sys.setrecursionlimit(before)


@pytest.mark.parametrize("depth", [40, 300, 400, 600, 950, 1_100, 2_400, 3_000, 4_900, 20_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")], ids=["lists", "objects"])
@pytest.mark.parametrize("member", [b'"status":"completed"', b'"note":1', b'"price":10.0', b'"title":"Green tea"'])
def test_an_order_nested_however_deep_costs_no_other_order(
    member: bytes, opening: bytes, closing: bytes, depth: int, recursion_limit: int
) -> None:
    good = b'{"order_id":"A1","order_date":"2026-01-01T00:00:00Z","status":"completed","items":[]}'
    item = b'{"id":"tea","title":"Green tea","quantity":1,"price":10.0}'
    order = b'{"order_id":"A2","order_date":"2026-01-01T00:00:00Z","status":"completed","note":1,"items":[%s]}' % item
    name = member.split(b":")[0]
    deep = order.replace(member, name + b":" + opening * depth + b"1" + closing * depth)
    refused = refused_places(b'{"data":[%s,%s,%s],"next_cursor":null}' % (good, deep, good))
    assert refused[0] == [good, deep, good]
    assert refused[1] in ([1], [] if name == b'"note"' else [1])


@pytest.mark.parametrize("depth", [40, 400, 950, 3_000])
def test_an_error_answer_nested_however_deep_has_words_or_none(depth: int, recursion_limit: int) -> None:
    for opening, closing in ((b"[", b"]"), (b'{"error":', b"}")):
        assert len(wording_of_body(opening * depth + b'"down"' + closing * depth)) <= 201


_CLOSED = ("half an emoji", "line break", "control character", "unknown escape", "NaN", "infinity", "leading zero")


@pytest.mark.parametrize("second", _CLOSED)
@pytest.mark.parametrize("first", _CLOSED)
def test_two_spoilt_orders_side_by_side_are_two(first: str, second: str) -> None:
    chance = random.Random(7)
    for number in range(20):
        good = [order_text(chance, place) for place in (0, 3)]
        spoilt_pair = [SPOILS[first](chance, order_text(chance, 1)), SPOILS[second](chance, order_text(chance, 2))]
        orders = [good[0], *spoilt_pair, good[1]]
        page = page_text(chance, orders, ends_with_cursor=False)
        assert refused_places(page) == (orders, [1, 2]), number


def test_a_page_cut_off_behind_its_spoilt_order_has_no_orders() -> None:
    """Of pages whose cursor stands behind the orders, as the contract has it.

    With the cursor before them, a page that is cut off right behind an inner bracket looks like one whose last order
    does not close.
    """
    chance = random.Random(3)
    taken = []
    for kind, page, _, _ in spoilt_pages(N_PAGES // 10, seed=4):
        cut = page[: chance.randrange(len(page) - 1)]
        if page.rfind(b'"next_cursor"') > page.find(b'"order_id"') and sort_out(cut) is not None:
            taken.append((kind, cut))
    assert taken == []


@pytest.mark.parametrize(
    "unit",
    [b',{"', b'{"a":', b"[", b'"', b"},{", b"]", b'],"', b'{"order_id":1,"items":[', b"\\", b",{", b'}, {"a":"\\"'],
    ids=repr,
)
def test_the_work_for_an_unreadable_body_grows_with_its_size_only(unit: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in looks at a value; each look is bounded by what is left of the effort."""
    spent: list[int] = []
    look = spoilt._Scan._spent

    def counted(scan: spoilt._Scan, start: int, reach: spoilt._Reach) -> spoilt._Reach | None:
        spent.append(reach.end - start)
        return look(scan, start, reach)

    monkeypatch.setattr(spoilt._Scan, "_spent", counted)
    body = b'{"data":[{"x":"' + unit * (20_000 // len(unit))
    assert spoilt.sort_out(body) is None
    assert sum(spent) <= (spoilt._LARGEST_EFFORT + 2) * len(body)


#: Bodies that grow with a number, and what reads them.
_GROWING: dict[str, Callable[[int], object]] = {
    "escaped quotes behind the orders": lambda n: sort_out(b'{"data":[{"order_id":NaN}],"note":"' + b'\\"' * n),
    "escaped quotes before the orders": lambda n: sort_out(b'{"note":"' + b'\\"' * n + b'","data":[{"order_id":NaN'),
    "JSON within a text": lambda n: sort_out(b'{"data":[NaN],"log":"' + b'{\\"a\\":1},' * (n // 2)),
    "lists that may be the orders": lambda n: sort_out(b'{"note":"' + b'"data":[' * n),
    "lists that end": lambda n: sort_out(b'{"data":[' + b'{"order_id":1,"items":[],"x":NaN}],' * n),
    "lists that end before a member": lambda n: sort_out(
        b'{"data":[' + b'{"order_id":1,"items":[],"x":NaN}],"a":[' * n
    ),
    "an error in one long word": lambda n: wording_of_body(b'{"message":"' + b"a" * 4 * n + b'"}'),
    "an error in many long words": lambda n: wording_of_body(b'{"message":"' + b"a@(" * 2 * n + b'"}'),
    "an error page without an end": lambda n: wording_of_body(b"<" * 4 * n),
}


@pytest.mark.parametrize("read", _GROWING.values(), ids=_GROWING)
def test_what_reads_a_hostile_body_takes_time_in_proportion_to_its_size(read: Callable[[int], object]) -> None:
    """Of the processor: sixteen times as much to read takes far less than 256 times as long."""

    def seconds(n: int) -> float:
        began = time.process_time()
        read(n)
        return time.process_time() - began

    reference = max(seconds(500), 0.01)
    assert seconds(8_000) < 80 * reference


@pytest.mark.parametrize("length", [1_000, 2_010, 50_000])
def test_a_long_error_text_is_shortened_without_showing_a_contact(length: int) -> None:
    for contact in ("erased@example.com", "0300 1234567"):
        for filler in ("9", "a ", "1 "):
            said = wording_of_body(msgspec.json.encode({"message": f"{filler * length} {contact} failed"}))
            assert len(said) <= 201
            assert contact[:6] not in said


def test_what_can_be_read_of_a_spoilt_order_can_be_written_to_the_warehouse() -> None:
    fields = legible(
        msgspec.Raw(b'{"order_id": "A1\\ud83d", "total": NaN, "big": 99999999999999999999, "bad": "\xff"}')
    )
    assert fields["order_id"] == "A1\ufffd"
    assert fields["big"] == "99999999999999999999"
    assert msgspec.json.decode(msgspec.json.encode(fields))["total"] is None
