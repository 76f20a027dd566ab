from __future__ import annotations

import contextlib
import io
import json
from typing import IO, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.contracts.personalize import INTERACTIONS, ITEMS
from services.engine.data.csv_rows import Rows
from services.engine.data.tables import arrow_schema
from services.engine.errors import JobFailed
from services.engine.schemas import DatasetSchema, parse_schema

SCHEMAS = {dataset.name: parse_schema(dataset.avro_schema) for dataset in (INTERACTIONS, ITEMS)}
HEADERS = {dataset.name: dataset.header.encode() for dataset in (INTERACTIONS, ITEMS)}


def read(content: bytes, schema: DatasetSchema, header: list[str] | None = None) -> list[dict[str, Any]]:
    rows = []
    for batch in Rows(cast(IO[bytes], io.BytesIO(content)), schema, "file.csv", header):
        assert batch.schema == arrow_schema(schema)
        rows += batch.to_pylist()
    return rows


def items(text: str) -> list[dict[str, Any]]:
    return read(f"{ITEMS.header}\n{text}\n".encode(), SCHEMAS["items"])


@given(st.sampled_from(["interactions", "items"]), st.binary(max_size=300), st.booleans())
def test_any_bytes_are_rows_or_a_reason(name: str, content: bytes, headed: bool) -> None:
    with contextlib.suppress(JobFailed):
        read(HEADERS[name] + b"\n" + content if headed else content, SCHEMAS[name])


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), min_size=1, max_size=20)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_quoted_cells_come_as_they_were_whichever_way_quotes_are_escaped(rows: list[tuple[str, str]]) -> None:
    def backslashed(cell: str) -> str:
        escaped = cell.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    def doubled(cell: str) -> str:
        escaped = cell.replace("\\", "\\\\").replace('"', '""')
        return f'"{escaped}"'

    for quoted in (backslashed, doubled):
        table = items("\n".join(f"{quoted(key)},,{quoted(category)},,1" for key, category in rows))
        assert [(row["ITEM_ID"], row["CATEGORY"]) for row in table] == rows


def test_textual_cells_lose_tags_entities_and_breaks_and_are_cut() -> None:
    (lamp, long) = items('i1,"<p>A &lt;fine&gt;\n\n  <b>lamp</b></p>",,,1\ni2,' + "x" * 30_000 + ",,,1")
    assert lamp["PRODUCT_NAME"] == "A <fine> lamp"
    assert len(long["PRODUCT_NAME"]) == 20_000


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("i,,,,1700000000000", "looks like milliseconds"),
        (f"i,,{'c' * 1_001},,1", "more than 1000 characters for CATEGORY"),
        (f"{'é' * 257},,,,1", "more than 256 characters for ITEM_ID"),
        ("i\0,,,,1", "NUL character in ITEM_ID"),
        ("i,,,cheap,1", "does not fit the schema.*cheap"),
        ("i,,,,", "empty cells in CREATION_TIMESTAMP"),
        ("i,,,", "Expected 5 columns, got 4"),
    ],
)
def test_cell_that_is_not_allowed_refuses_the_file(row: str, reason: str) -> None:
    with pytest.raises(JobFailed, match=reason):
        items(row)


def test_length_is_counted_in_characters() -> None:
    assert items(f"{'é' * 256},,,,1")[0]["ITEM_ID"] == "é" * 256


@pytest.mark.parametrize(
    ("header", "others", "reason"),
    [
        ("ITEM_ID,PRICE", None, r"missing the following columns:\[PRODUCT_NAME, CATEGORY, CREATION_TIMESTAMP\]"),
        (f"{ITEMS.header},PRICE", None, "more than one column of the name 'PRICE'"),
        (f"{ITEMS.header},MORE", ITEMS.header.split(","), "Give all files the same header"),
        ("", None, "no header line"),
    ],
)
def test_header_has_to_fit_the_schema_and_the_other_files(header: str, others: Any, reason: str) -> None:
    with pytest.raises(JobFailed, match=reason):
        read(f"{header}\ni,,,,1\n".encode(), SCHEMAS["items"], others)


def test_booleans_are_lower_case() -> None:
    fields = [{"name": "ITEM_ID", "type": "string"}, {"name": "NEW", "type": "boolean"}]
    schema = parse_schema(json.dumps({"type": "record", "name": "Items", "fields": fields}))
    assert read(b"ITEM_ID,NEW\ni,true\nj,false\n", schema)[0] == {"ITEM_ID": "i", "NEW": True}
    with pytest.raises(JobFailed, match="True"):
        read(b"ITEM_ID,NEW\ni,True\n", schema)
