"""Real orders are served as they stand in the file: every row one item, nothing cleaned, nothing dropped."""

import math
import re
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from services.company_api.order_file import read_company

RETAIL = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
1001,85048,GLASS BALL,12,2010-12-01 08:26:00,2.5,17850.0,United Kingdom
1002,POST,,1,2010-12-01 08:28:00,0,,France
1001,85048,GLASS BALL,12,2010-12-01 08:26:00,2.5,17850.0,United Kingdom
C1003,85048,glass ball?,-80995,2010-12-02 00:00:00,-1.5,17850.0,United Kingdom
1001,22041,RECORD FRAME,3,2010-12-01 08:25:00,1,17850.0,United Kingdom
"""


@pytest.fixture
def retail(tmp_path: Path) -> Path:
    path = tmp_path / "retail.csv"
    path.write_text(RETAIL)
    return path


def test_every_retail_row_becomes_one_item_in_file_order(retail):
    company = read_company(retail)
    orders = company.books["oe"].page(0, 10)
    assert len(company.books["pos"]) == 0
    assert company.source_rows == sum(len(order.items) for order in orders) == 5
    assert [order.order_id for order in orders] == ["1001", "1002", "C1003"]
    assert [item.id for item in orders[0].items] == ["85048", "85048", "22041"]


def test_retail_dirt_is_served_as_it_is(retail):
    first, postage, cancelled = read_company(retail).books["oe"].page(0, 3)
    assert first.items[0] == first.items[1]
    assert (postage.items[0].title, postage.items[0].price, postage.customer) == (None, 0, None)
    assert (cancelled.status, cancelled.items[0].quantity, cancelled.items[0].price) == ("cancelled", -80995, -1.5)
    assert cancelled.items[0].title == "glass ball?"


def test_a_retail_order_has_its_earliest_time_its_country_and_its_customer(retail):
    order = read_company(retail).books["oe"].page(0, 1)[0]
    assert order.order_date == datetime(2010, 12, 1, 8, 25, tzinfo=UTC)
    assert (order.province, order.customer.id, order.status) == ("United Kingdom", "17850", "completed")


def test_retail_parquet_says_the_same_as_its_csv(retail, tmp_path):
    import pyarrow.csv

    types = {"InvoiceNo": pa.string(), "StockCode": pa.string(), "CustomerID": pa.float64()}
    table = pyarrow.csv.read_csv(
        retail,
        convert_options=pyarrow.csv.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
    )
    pq.write_table(table, tmp_path / "retail.parquet")
    from_parquet = read_company(tmp_path / "retail.parquet").books["oe"].page(0, 3)
    assert from_parquet == read_company(retail).books["oe"].page(0, 3)


OWN_HEADER = "order_id,ordered_at,product_id,quantity,unit_price,status\n"


def test_american_dates_of_the_public_csv_are_read(tmp_path):
    path = tmp_path / "retail.csv"
    path.write_text(re.sub(r"2010-12-0(\d) 0?(\d+:\d\d):00", r"12/\1/2010 \2", RETAIL))
    assert read_company(path).books["oe"].page(0, 1)[0].order_date == datetime(2010, 12, 1, 8, 25, tzinfo=UTC)


def test_own_order_items_fill_in_what_the_file_leaves_out(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text("order_id,ordered_at,product_id,quantity,unit_price\n7,2026-01-01T05:00:00+05:00,00123,,1\n")
    order = read_company(path).books["oe"].page(0, 1)[0]
    assert (order.order_id, order.status, order.customer, order.city) == ("7", "completed", None, None)
    assert order.order_date == datetime(2026, 1, 1, tzinfo=UTC)
    assert order.items[0].id == "00123"
    assert math.isnan(order.items[0].quantity)


def test_own_order_items_keep_both_sources_apart_even_with_one_order_id(tmp_path):
    path = tmp_path / "lines.csv"
    path.write_text(
        "order_id,source,ordered_at,product_id,quantity,unit_price,status,customer_phone,city\n"
        "7,pos,2026-01-01,A,1,1,pending,0300-1234567,Lahore\n"
        "7,oe,2026-01-02,B,2,1,completed,,\n"
        "7,pos,2026-01-01,C,3,1,pending,0300-1234567,Lahore\n"
    )
    company = read_company(path)
    (till,), (online,) = (company.books[name].page(0, 9) for name in ("pos", "oe"))
    assert ([item.id for item in till.items], till.status, till.city) == (["A", "C"], "pending", "Lahore")
    assert (till.customer.phone, online.customer, online.status) == ("0300-1234567", None, "completed")
    assert company.summary()["customers"] == 1


@pytest.mark.parametrize("blank", ["", " ", '""'])
def test_a_blank_status_is_no_word_for_completed_and_is_reported(tmp_path, blank):
    path = tmp_path / "orders.csv"
    path.write_text(f"{OWN_HEADER}1,2026-01-01,A,1,1,{blank}\n2,2026-01-02,A,1,1,pending\n")
    company = read_company(path)
    assert [order.status.strip() for order in company.books["oe"].page(0, 2)] == ["", "pending"]
    assert "row 2: there is no status" in " ".join(company.notes)


def test_a_blank_status_is_that_of_another_row_of_the_order(tmp_path):
    path = tmp_path / "orders.csv"
    path.write_text(f"{OWN_HEADER}1,2026-01-01,A,1,1,cancelled\n1,2026-01-01,B,1,1,\n")
    company = read_company(path)
    (order,) = company.books["oe"].page(0, 1)
    assert (order.status, len(order.items), company.notes) == ("cancelled", 2, [])
