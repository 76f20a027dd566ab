"""One order that is no JSON costs that order, not its page."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from aisle.errors import CompanyApiUnavailable

#: What may stand where order A0001 has its first title, and how the wire shows it.
SPOILT_TITLES = {
    "half an emoji": b'"Mug \\ud83d"',
    "invalid UTF-8": b'"Mug \xff\xfe"',
    "a line break": b'"Mug\nblue"',
    "a control character": b'"Mug\x01blue"',
    "NaN": b"NaN",
    "minus infinity": b"-Infinity",
    "an unknown escape": b'"Mug \\x41"',
    "an unescaped quote": b'"Screen 19" wide"',
    "a quote that never closes": b'"Screen 19',
    "a title without quotes": b"Mug",
    "a bracket too many": b'"Mug"]',
    "a brace too many": b'"Mug"}',
    "a bracket that never closes": b"[1, 2",
    "nothing": b"",
    "nesting too deep": b"[" * 5_000 + b"]" * 5_000,
    "nesting without end": b'{"a":' * 5_000,
    "a number of five thousand digits": b"9" * 5_000,
    "a number beyond every float": b"1e999999",
}


def page_with(company: Any, number: int, title: bytes, shape: str) -> bytes:
    company.pos[number]["items"][0]["title"] = "@"
    orders = json.dumps(company.pos).encode().replace(b'"@"', title)
    return orders if shape == "list" else b'{"data": %s, "next_cursor": null, "count": %d}' % (orders, len(company.pos))


@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize("kind", SPOILT_TITLES)
def test_a_spoilt_order_is_a_reject_and_the_others_of_its_page_are_loaded(
    ingest: Any, company: Any, kind: str, number: int
) -> None:
    company.sell(3)
    body = page_with(company, number, SPOILT_TITLES[kind], "envelope")
    company.answer_with(body, times=3)
    ingest.run(24)
    assert ingest.order_ids() == [f"A000{good}" for good in range(3) if good != number]
    rejects = ingest.rows("select order_id, reason, payload from raw.company__rejects")
    assert [reason for _, reason, _ in rejects] in (["malformed_order"], ["missing_order_id"])
    assert rejects[0][0] in (f"A000{number}", None)
    assert "Zubaida" not in rejects[0][2]
    assert len(company.requests) == 1


def test_the_page_of_a_spoilt_order_is_in_the_archive_as_it_came(ingest: Any, company: Any) -> None:
    company.sell(2)
    body = page_with(company, 0, SPOILT_TITLES["invalid UTF-8"], "envelope")
    company.answer_with(body)
    ingest.run(24)
    ((key,),) = ingest.rows("select archive_key from raw.company__rejects")
    assert gzip.decompress(ingest.s3.get_object(Bucket=ingest.bucket, Key=key)["Body"].read()) == body


@pytest.mark.parametrize("kind", ["half an emoji", "NaN", "a line break", "invalid UTF-8"])
def test_a_spoilt_order_keeps_its_id_so_that_it_can_be_found_and_repaired(ingest: Any, company: Any, kind: str) -> None:
    company.sell(3)
    company.answer_with(page_with(company, 1, SPOILT_TITLES[kind], "envelope"))
    ingest.run(24)
    assert ingest.rows("select order_id, n_lines, reason from raw.company__rejects") == [
        ("A0001", 2, "malformed_order")
    ]
    ingest.run(25)
    assert ingest.order_ids() == ["A0000", "A0001", "A0002"]
    assert ingest.rows("select count(*) from raw.company__rejects") == [(0,)]


@pytest.mark.parametrize("kind", ["half an emoji", "an unescaped quote", "nesting without end"])
def test_a_spoilt_order_in_a_bare_list_is_a_reject(ingest: Any, company: Any, kind: str) -> None:
    company.sell(3)
    company.answer_with(page_with(company, 1, SPOILT_TITLES[kind], "list"))
    company.answer_with(b"[]")
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0002"]


def test_a_byte_order_mark_spoils_nothing(ingest: Any, company: Any) -> None:
    company.sell(2)
    company.answer_with(b"\xef\xbb\xbf" + json.dumps({"data": company.pos, "next_cursor": None}).encode())
    ingest.run(24)
    assert ingest.order_ids() == ["A0000", "A0001"]


def test_a_body_cut_off_anywhere_is_never_taken_for_a_page_of_spoilt_orders(company: Any) -> None:
    from aisle.orders.spoilt import sort_out

    company.sell(2)
    for title in (b'"Mug"', SPOILT_TITLES["NaN"], SPOILT_TITLES["an unknown escape"]):
        body = page_with(company, 0, title, "envelope")
        assert sort_out(body)
        assert [length for length in range(len(body)) if sort_out(body[:length])] == []


def test_a_cut_off_body_with_a_spoilt_order_is_asked_for_again(ingest: Any, company: Any) -> None:
    company.sell(3)
    body = page_with(company, 0, SPOILT_TITLES["NaN"], "envelope")
    company.answer_with(body[: len(body) // 2], times=3)
    with pytest.raises(CompanyApiUnavailable, match="broken body"):
        ingest.run(24)
