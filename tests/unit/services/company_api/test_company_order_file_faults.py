"""A bad row costs its row, a bad file a clear message: the file, the row, the column and what to do."""

from __future__ import annotations

import gzip
import random
from contextlib import suppress
from pathlib import Path

import pytest

from aisle.errors import ConfigurationError
from services.company_api.order_file import read_company
from tests.unit.services.company_api.order_files import GOOD, HEADER, RETAIL, Read, orders_of, refs_of

# -- a file that cannot be used --------------------------------------------------------------------------------------

UNUSABLE: dict[str, tuple[str | bytes, str, str]] = {
    "nothing in it": (b"", "orders.csv", "it is empty"),
    "header only": ("order_id,ordered_at,product_id,quantity,unit_price", "orders.csv", "a header and no rows"),
    "header and empty lines": (HEADER + "\n\n", "orders.csv", "a header and no rows"),
    "header only, retail": (RETAIL, "orders.csv", "a header and no rows"),
    "doubled column": (HEADER.replace("status", "order_id") + GOOD, "orders.csv", r"twice: order_id, order_id"),
    "doubled in another spelling": ("Order ID," + HEADER + "1," + GOOD, "orders.csv", r"Order ID, order_id"),
    "doubled, retail": ("Invoice," + RETAIL, "orders.csv", r"Invoice, InvoiceNo"),
    "missing column": (HEADER.replace(",unit_price", "") + GOOD, "orders.csv", r"missing columns \['unit_price'\]"),
    "missing column, retail": (RETAIL.replace("Country", "Land") + GOOD, "orders.csv", r"\['Land'\].*\['Country'\]"),
    "index of pandas": ("," + HEADER + "0," + GOOD, "orders.csv", r"unknown columns \[''\]"),
    "semicolons": (HEADER.replace(",", ";") + GOOD.replace(",", ";"), "orders.csv", "separated by semicolons"),
    "tabs": (HEADER.replace(",", "\t") + GOOD.replace(",", "\t"), "orders.csv", "separated by tabs"),
    "bars": (HEADER.replace(",", "|") + GOOD.replace(",", "|"), "orders.csv", "separated by bars"),
    "spreadsheet": (b"PK\x03\x04\x14\x00", "orders.csv", "export the sheet as 'CSV UTF-8'"),
    "spreadsheet by name": (b"PK\x03\x04\x14\x00", "orders.xlsx", "files that end in .xlsx are not read"),
    "compressed": (gzip.compress(HEADER.encode()), "orders.csv", "unpack it"),
    "parquet called CSV": (b"PAR1\x15\x04", "orders.csv", "call it .parquet"),
    "CSV called parquet": (HEADER + GOOD, "orders.parquet", "call it .csv"),
    "parquet that was cut off": (b"PAR1\x15\x04\x15\x10", "orders.parquet", "export it again"),
    "no extension": (HEADER + GOOD, "orders", "files that end in nothing are not read"),
    "UTF-16": ((HEADER + GOOD).encode("utf-16"), "orders.csv", "UTF-16 text"),
    "Latin-1": ((HEADER + GOOD + GOOD.replace("A", "Caf\xe9")).encode("latin-1"), "orders.csv", "line 3 is not UTF-8"),
    "quote not closed": (HEADER + GOOD + '2,2026-01-05T10:00:00Z,c1,"A,1,1,\n' + GOOD, "orders.csv", "quote"),
    "mixed zones": (HEADER + GOOD + "2,2026-01-05 11:00:00,c,A,1,1,\n" + GOOD, "orders.csv", r"row 3: .*there is none"),
    "mixed zones, mostly without": (
        HEADER + GOOD + "2,2026-01-05 11:00,c,A,1,1,\n3,2026-01-05,c,A,1,1,\n", "orders.csv", r"row 2: .*there is one"
    ),
    "day before month": (
        RETAIL + "1,A,x,1,01/12/2010 8:26,1,1,UK\n2,A,x,1,13/12/2010 8:26,1,1,UK\n", "orders.csv",
        r"InvoiceDate, row 3: the day stands before the month",
    ),
    "ids that a spreadsheet rounded": (
        RETAIL + "1,A,x,1,12/1/2010 8:26,1,9.00719925474099E+15,UK\n", "orders.csv", r"CustomerID, row 2: .*rounded",
    ),
    "no row that can be served": (HEADER + "1,soon,c1,A,1,2.5,\n2,later,c1,A,1,2.5,\n", "orders.csv", "rows 2, 3"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "name", "said"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_with_its_cause_and_remedy(
    read: Read, content: str | bytes, name: str, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said) as refused:
        read(content, name)
    message = str(refused.value)
    assert name in message
    assert not any(word in message for word in ("http", "pyarrow", "ArrowInvalid", "import", "Traceback"))
    assert "\n" not in message


def test_a_folder_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no such file"):
        read_company(tmp_path / "nowhere.parquet")
    with pytest.raises(ConfigurationError, match="it is a folder"):
        read_company(tmp_path)


# -- a header in another spelling ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        RETAIL,
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n",
        "invoice no,stock code,description,quantity,invoice date,unit price,customer id,country\n",
        "INVOICE_NO,STOCK_CODE,DESCRIPTION,QUANTITY,INVOICE_DATE,UNIT_PRICE,CUSTOMER_ID,COUNTRY\n",
        '"Invoice", StockCode ,Description,Quantity,InvoiceDate,Price,"Customer ID",Country\n',
        "\ufeff" + RETAIL,
    ],
)
def test_online_retail_is_known_by_either_of_its_headers_whatever_case_and_spaces(read: Read, header: str) -> None:
    (order,) = orders_of(read(header + "C489434,85048,GLASS BALL,-12,2009-12-01 07:45:00,6.95,13085,United Kingdom\n"))
    assert (order.order_id, order.status, order.province) == ("C489434", "cancelled", "United Kingdom")
    assert (order.items[0].id, order.items[0].price, order.items[0].quantity) == ("85048", 6.95, -12)


def test_own_columns_are_known_in_any_case_too(read: Read) -> None:
    (order,) = orders_of(read("\ufeffOrder_ID,Ordered At,PRODUCT_ID,Quantity,Unit Price\n1,2026-01-05,A,1,2.5\n"))
    assert (order.order_id, order.items[0].id) == ("1", "A")


# -- ids -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "read_as"),
    [
        (["9007199254740993", "9007199254740992"], ["9007199254740993", "9007199254740992"]),
        (["1234567890123456789", "12345678901234567890123"], ["1234567890123456789", "12345678901234567890123"]),
        (["17850.0", "13085.0"], ["17850", "13085"]),
        (["17850.0", ""], ["17850", None]),
        (["17850.0", "A7"], ["17850.0", "A7"]),
        (["00123", "123"], ["00123", "123"]),
        (["5f1e0c9a-P000", "1E5"], ["5f1e0c9a-P000", "1E5"]),
    ],
)
def test_ids_of_a_csv_are_whole(read: Read, given: list[str], read_as: list[str | None]) -> None:
    rows = "".join(f"{n},A,x,6,12/1/2010 8:2{n},2.55,{id_},UK\n" for n, id_ in enumerate(given))
    assert refs_of(read(RETAIL + rows)) == read_as


# -- rows ------------------------------------------------------------------------------------------------------------

BAD_ROWS = {
    "time": ("2,soon,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "no time": ("2,,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "day that is none": ("2,2026-02-30T10:00:00Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "year 10000": ("2,10000-01-01T00:00:00Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "year 1": ("2,0001-01-01T00:00:00Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "year 1 in the east": ("2,0001-01-01T00:00:00+05:00,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "epoch": ("2,1970-01-01T00:00:00Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "before the limit": ("2,1999-12-31T23:59:59Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "future": ("2,2962-01-01T00:00:00Z,c1,A,1,2.5,completed\n", "column ordered_at, row 3"),
    "order number": (",2026-01-05T10:00:00Z,c1,A,1,2.5,completed\n", "column order_id, row 3"),
    "blank order number": ('" ",2026-01-05T10:00:00Z,c1,A,1,2.5,completed\n', "column order_id, row 3"),
    "quantity": ("2,2026-01-05T10:00:00Z,c1,A,dozen,2.5,completed\n", "column quantity, row 3"),
    "price": ("2,2026-01-05T10:00:00Z,c1,A,1,£2,completed\n", "column unit_price, row 3"),
    "decimal comma": ('2,2026-01-05T10:00:00Z,c1,A,1,"2,5",completed\n', "column unit_price, row 3"),
    "quantity beyond any": ("2,2026-01-05T10:00:00Z,c1,A,1e999,2.5,completed\n", "column quantity, row 3"),
    "infinite price": ("2,2026-01-05T10:00:00Z,c1,A,1,inf,completed\n", "column unit_price, row 3"),
    "cell too many": ("2,2026-01-05T10:00:00Z,c1,A,1,2,5,completed\n", "row 3: more or fewer cells"),
    "cell too few": ("2,2026-01-05T10:00:00Z,c1,A,1,2.5\n", "row 3: more or fewer cells"),
}


@pytest.mark.parametrize(("row", "said"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_left_out_and_reported(read: Read, row: str, said: str) -> None:
    company = read(HEADER + GOOD + row + "3,2026-01-06T10:00:00Z,c1,A,1,2.5,completed\n")
    assert [order.order_id for order in orders_of(company)] == ["1", "3"]
    assert (company.source_rows, company.refused_rows) == (2, 1)
    (note,) = company.notes
    assert said in note


def test_a_row_of_an_unknown_source_is_left_out(read: Read) -> None:
    header = "order_id,source,ordered_at,product_id,quantity,unit_price\n"
    company = read(header + "1,web,2026-01-01,A,1,1\n2, POS ,2026-01-01,A,1,1\n3,,2026-01-01,A,1,1\n")
    assert [order.order_id for order in orders_of(company)] == ["2", "3"]
    assert company.notes[0].startswith("orders.csv, column source, row 2: it says neither 'pos' nor 'oe'")


def test_rows_are_counted_as_a_spreadsheet_shows_them(read: Read) -> None:
    """Past a title with a line break, an empty line and a row with a cell too many."""
    header = "order_id,ordered_at,product_id,product_name,quantity,unit_price\n"
    two_lines = '1,2026-01-05,A,"two\nlines",1,2.5\n'
    company = read(header + two_lines + "\n" + "2,2026-01-05,A,x,1,2.5,\n" + "3,soon,A,x,1,2.5\n" + two_lines)
    assert [note.split(":")[0] for note in company.notes] == [
        "orders.csv, row 4",
        "orders.csv, column ordered_at, row 5",
    ]


def test_many_rows_of_one_fault_are_one_note(read: Read) -> None:
    company = read(HEADER + GOOD + "2,soon,c1,A,1,2.5,\n" * 1_200)
    (note,) = company.notes
    assert "rows 3, 4, 5, 6, 7 and 1,195 more" in note
    assert company.refused_rows == 1_200


@pytest.mark.parametrize("price", ["0.00001", "0.0000499", "1e-7"])
def test_a_price_below_what_is_kept_is_reported(read: Read, price: str) -> None:
    company = read(HEADER + GOOD + f"2,2026-01-05T10:00:00Z,c1,A,1,{price},completed\n")
    assert company.source_rows == 2
    assert "column unit_price, row 3: the price is too small for the four decimals" in company.notes[0]


# -- whatever a file holds -------------------------------------------------------------------------------------------

_CELLS = (
    "", " ", "1", "7", "00123", "9007199254740993", "1.0", "-3", "1e400", "nan", "2026-01-05", "2026-01-05T10:00:00",
    "2999-01-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "13/12/2010 8:26", "12/1/2010 8:26",
    "completed", " Cancelled ", "pos", "web", 'say ""hi""', "two\nlines", "چائے", "\x1b[31m", "\x00", "a,b",
)  # fmt: skip


def _any_rows(chosen: random.Random) -> list[list[str]]:
    good = ["7", "2026-01-05", "A", "1", "2.5", "oe", "completed", "c1"]
    rows = [
        [chosen.choice(_CELLS) if chosen.random() < 0.15 else cell for cell in good]
        for _ in range(chosen.randrange(1, 12))
    ]
    return [cells[: chosen.choice((8, 8, 8, 8, 7))] for cells in rows]


def test_any_rows_are_served_or_left_out_or_the_file_is_refused(read: Read) -> None:
    names = ["order_id", "ordered_at", "product_id", "quantity", "unit_price", "source", "status", "customer_ref"]
    n_served = 0
    for seed in range(300):
        rows = _any_rows(random.Random(seed))
        text = "\n".join(",".join(f'"{cell}"' for cell in cells) for cells in [names, *rows])
        with suppress(ConfigurationError):
            company = read(text)
            n_served += 1
            assert company.source_rows + company.refused_rows == len(rows), text
            assert sum(len(order.items) for order in orders_of(company)) == company.source_rows, text
            assert bool(company.refused_rows) <= bool(company.notes), text
    assert n_served > 150
