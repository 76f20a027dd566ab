"""Rows of a shop's export become the orders that the shop meant."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aisle.contracts.company_orders import Order
from aisle.sources import Source, read_sources, source_named
from aisle.sources.rows import FileOrder, FileOrders, order_of, orders_of
from aisle.sources.tables import Row, UnusableFile, read_table
from tests.unit.sources.exports import SHOPIFY, WOOCOMMERCE, csv_of, shopify_item, shopify_order, woo_item


def shopify(*rows: dict[str, Any]) -> FileOrders:
    return orders_of("orders.csv", read_table("orders.csv", csv_of(SHOPIFY, list(rows))), source_named("shopify"))


def woo(*rows: dict[str, Any]) -> FileOrders:
    return orders_of("w.csv", read_table("w.csv", csv_of(WOOCOMMERCE, list(rows))), source_named("woocommerce"))


def only(read: FileOrders) -> FileOrder:
    (order,) = read.orders
    return order


def status_of(read: FileOrders, source: str) -> str | None:
    return source_named(source).status_of(only(read).order["status"])


def test_the_rows_of_a_shopify_order_are_one_order_with_the_fields_of_its_first_row() -> None:
    order = only(shopify(*shopify_order(7, shopify_item(), shopify_item("CUP-2", **{"Lineitem quantity": "3"}))))
    decoded = msgspec.convert(order.order, Order)
    assert (decoded.order_id, decoded.order_date.isoformat(), decoded.city) == (
        "#7",
        "2026-01-05T11:13:13+05:00",
        "Lahore",
    )
    assert decoded.customer is not None
    assert decoded.customer.email == "buyer7@example.com"
    assert [(item.id, item.quantity, item.price, item.brand) for item in decoded.items] == [
        ("TEA-1", 1.0, 10.0, "Garden"), ("CUP-2", 3.0, 10.0, "Garden"),
    ]  # fmt: skip
    assert order.rows == [2, 3]


def test_rows_without_a_number_continue_the_order_before_them() -> None:
    first, second = shopify_order(1, shopify_item(), shopify_item("CUP-2"))
    orders = shopify(first, {**second, "Name": "", "Email": ""}, *shopify_order(2)).orders
    assert [(order.order["order_id"], order.rows) for order in orders] == [("#1", [2, 3]), ("#2", [4])]


def test_rows_of_an_order_need_not_stand_together() -> None:
    first, second = shopify_order(1, shopify_item(), shopify_item("CUP-2"))
    orders = shopify(first, *shopify_order(2), second).orders
    assert [(order.order["order_id"], order.rows) for order in orders] == [("#1", [2, 4]), ("#2", [3])]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, "completed"),
        ({"Financial Status": "partially_refunded", "Refunded Amount": "5.00"}, "completed"),
        ({"Financial Status": "refunded", "Refunded Amount": "20.00"}, "cancelled"),
        ({"Financial Status": "voided"}, "cancelled"),
        ({"Financial Status": "Authorized"}, "pending"),
        ({"Cancelled at": "2026-01-06 10:00:00 +0500"}, "cancelled"),
        ({"Financial Status": "settled"}, None),
        ({"Financial Status": ""}, None),
    ],
)
def test_what_shopify_says_of_an_order(header: dict[str, str], status: str | None) -> None:
    assert status_of(shopify(*shopify_order(1, **header)), "shopify") == status


def test_a_discount_of_a_line_lowers_its_price_and_not_its_list_price() -> None:
    item = {"Lineitem quantity": "2", "Lineitem discount": "3.00", "Lineitem compare at price": "12.00"}
    (sold,) = only(shopify(*shopify_order(1, shopify_item(**item)))).order["items"]
    assert (sold["price"], sold["base_price"]) == (8.5, 12.0)


def test_a_variant_without_a_code_is_known_by_its_name() -> None:
    (sold,) = only(shopify(*shopify_order(1, shopify_item("", **{"Lineitem name": "Mug - Blue"})))).order["items"]
    assert sold["id"] == "Mug - Blue"


def test_gift_cards_and_test_orders_are_left_out_with_their_reason() -> None:
    card = shopify_item("", **{"Lineitem name": "Gift card - $50.00", "Lineitem requires shipping": "false"})
    real = only(shopify(*shopify_order(1, shopify_item(), card)))
    assert (real.left_out, real.items_left_out) == (None, {1: "gift_card"})
    assert only(shopify(*shopify_order(2, **{"Payment Method": "bogus"}))).left_out == "test_order"


def test_columns_that_nobody_knows_are_named_and_their_cells_kept() -> None:
    row = {**shopify_order(1)[0], "Loyalty Tier": "gold"}
    read = shopify(row)
    assert read.unknown == ["Loyalty Tier"]
    assert only(read).order["unmapped"][0]["Loyalty Tier"] == "gold"


def test_an_order_of_woocommerce_is_read_with_what_was_paid_and_without_what_came_back() -> None:
    order = only(
        woo(
            woo_item(9),
            woo_item(9, "CUP-2", item_quantity="3", item_total="30", item_subtotal="30", item_refunded_qty="-1"),
            woo_item(9, "MUG-3", item_quantity="1", item_total="5", item_refunded_qty="-1"),
            woo_item(9, "", item_name="Gift Card", item_product_id="8"),
        )
    )
    assert [(item["id"], item["quantity"], item["price"]) for item in order.order["items"]] == [
        ("TEA-1", 2.0, 10.0), ("CUP-2", 2.0, 10.0), ("MUG-3", 0.0, 5.0), ("8", 2.0, 10.0),
    ]  # fmt: skip
    assert order.order["items"][0]["base_price"] == 12.0
    assert order.items_left_out == {2: "returned", 3: "gift_card"}
    assert (order.order["currency"], order.order["customer"]["id"]) == ("PKR", "5")


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("processing", "completed"),
        ("on-hold", "pending"),
        ("refunded", "cancelled"),
        ("failed", "cancelled"),
        ("wc-new", None),
    ],
)
def test_what_woocommerce_says_of_an_order(word: str, status: str | None) -> None:
    assert status_of(woo(woo_item(1, status=word)), "woocommerce") == status


@pytest.mark.parametrize(
    "other",
    [
        {"status": "cancelled"},
        {"billing_email": "somebody.else@example.com"},
        {"customer_id": "99"},
        {"order_currency": "EUR"},
        {"order_date": "2026-03-01 10:00:00"},
    ],
)
def test_rows_of_one_number_that_contradict_each_other_are_left_out_with_their_rows(other: dict[str, str]) -> None:
    order = only(woo(woo_item(1), woo_item(1, "CUP-2", **other)))
    assert (order.left_out, order.rows) == ("contradicting_rows", [2, 3])


def test_times_of_a_till_a_minute_apart_are_one_order_of_the_earliest() -> None:
    order = only(
        woo(woo_item(1, order_date="2026-01-05 11:14:00"), woo_item(1, "CUP-2", order_date="2026-01-05 11:13:00"))
    )
    assert (order.left_out, order.order["order_date"]) == (None, "2026-01-05T11:13:00")


def test_an_invoice_of_online_retail_that_begins_with_c_is_cancelled() -> None:
    columns = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Price", "Customer ID", "Country"]
    row = dict(zip(columns, ["C536379", "D", "Cup", "-1", "12/1/2010 9:41", "27.5", "14527.0", "France"], strict=True))
    read = orders_of("r.csv", read_table("r.csv", csv_of(columns, [row])), source_named("online_retail"))
    order = only(read).order
    assert source_named("online_retail").status_of(order["status"]) == "cancelled"
    assert (order["order_date"], order["customer"]["id"]) == ("2010-12-01T09:41:00", "14527")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "xlsx"])
def test_a_file_says_the_same_in_every_format(tmp_path: Path, suffix: str) -> None:
    rows = [woo_item(1), woo_item(1, "0012", item_quantity="1"), woo_item(2, customer_id="9007199254740993123")]
    path = tmp_path / f"orders.{suffix}"
    if suffix == "csv":
        path.write_bytes(b"\xef\xbb\xbf" + csv_of(WOOCOMMERCE, rows, delimiter=";"))
    elif suffix == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif suffix == "parquet":
        pd.DataFrame(rows).to_parquet(path)
    else:
        pd.DataFrame(rows).to_excel(path, index=False)
    orders = orders_of(path.name, read_table(path.name, path.read_bytes()), source_named("woocommerce")).orders
    expected = woo(*rows).orders
    assert [order.order["items"] for order in orders] == [order.order["items"] for order in expected]
    assert orders[1].order["customer"]["id"] == "9007199254740993123"


def test_numbers_and_times_of_a_spreadsheet_are_text_without_a_lost_digit() -> None:
    file = io.BytesIO()
    row = {**woo_item(1), "order_id": 77.0, "order_date": pd.Timestamp("2026-01-05 11:13:13"), "item_quantity": 2}
    pd.DataFrame([row]).to_excel(file, index=False)
    order = only(orders_of("o.xlsx", read_table("o.xlsx", file.getvalue()), source_named("woocommerce"))).order
    assert (order["order_date"], order["items"][0]["quantity"]) == ("2026-01-05T11:13:13", 2.0)


@pytest.mark.parametrize(
    ("name", "body", "said"),
    [
        ("o.csv", b"", "it has no rows"),
        ("o.csv", b"order_number,status\n", "it has no rows"),
        ("o.csv", b"a,A \n1,2\n", "twice"),
        ("o.csv", b"a\n\xff\n", "line 2 is not UTF-8"),
        ("o.csv", b'a,b\n"1,2\n3,4\n', "look for a missing quote"),
        ("o.xls", b"x", "files that end in .xls are not read"),
        ("orders", b"x", "files that end in nothing"),
        ("o.xlsx", b"PK\x03\x04broken", "no Excel file"),
        ("o.parquet", b"PAR1broken", "no parquet file"),
        ("o.csv", b"order_number,status\n1,completed\n", "no column order_date or date, item_sku or"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_cause_and_remedy(name: str, body: bytes, said: str) -> None:
    with pytest.raises(UnusableFile) as error:
        orders_of(name, read_table(name, body), source_named("woocommerce"))
    assert f"reading the file of orders {name}: " in str(error.value)
    assert said in str(error.value)


def test_a_row_that_is_none_is_an_order_left_out_with_its_row() -> None:
    body = csv_of(WOOCOMMERCE, [woo_item(1)]) + b"2,too,few\n" + csv_of(WOOCOMMERCE, [woo_item(3)]).split(b"\n", 1)[1]
    orders = orders_of("o.csv", read_table("o.csv", body), source_named("woocommerce")).orders
    assert [(order.left_out, order.rows) for order in orders] == [(None, [2]), ("misshapen_row", [3]), (None, [4])]


@pytest.mark.parametrize("changes", [{"item_quantity": "two"}, {"item_total": "$5.00"}])
def test_an_item_without_a_number_costs_the_item(changes: dict[str, str]) -> None:
    order = only(woo(woo_item(1), woo_item(1, "CUP-2", **changes)))
    assert (order.left_out, order.items_left_out) == (None, {1: "no_number"})


def test_an_id_that_a_spreadsheet_has_rounded_is_left_out() -> None:
    assert only(woo(woo_item(1, order_number="9.007E+15"))).left_out == "rounded_id"
    assert only(woo(woo_item(1, "5.41E+12"))).items_left_out == {0: "rounded_id"}


@pytest.mark.parametrize("kind", ["no xml", "not packed", "no sheet", "half a sheet"])
def test_a_spreadsheet_that_is_damaged_inside_is_refused_with_its_remedy(kind: str) -> None:
    file, damaged = io.BytesIO(), io.BytesIO()
    pd.DataFrame([woo_item(1)]).to_excel(file, index=False)
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(damaged, "w", zipfile.ZIP_DEFLATED) as repacked:
        for name in packed.namelist():
            text = packed.read(name)
            if name == "xl/worksheets/sheet1.xml":
                text = {"no xml": b"<worksheet><", "half a sheet": text[: len(text) // 2]}.get(kind, text)
            if name != "xl/worksheets/sheet1.xml" or kind != "no sheet":
                repacked.writestr(name, text)
    body = bytearray(damaged.getvalue())
    if kind == "not packed":
        place = body.index(b"xl/worksheets/sheet1.xml") + len("xl/worksheets/sheet1.xml")
        body[place : place + 60] = b"\xff" * 60
    with pytest.raises(UnusableFile, match=r"o\.xlsx: it is damaged, or no Excel file"):
        read_table("o.xlsx", bytes(body))


@pytest.mark.parametrize(
    "column",
    [
        pa.array([2**60], pa.timestamp("us")),
        pa.array([1], pa.timestamp("us", tz="Nowhere/Land")),
        pa.array([2**30], pa.date32()),
    ],
    ids=["a late time", "an unknown zone", "a late day"],
)
def test_a_parquet_file_with_a_value_that_nothing_can_hold_is_refused_with_its_remedy(column: pa.Array) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"order_date": column}), file)
    with pytest.raises(UnusableFile, match=r"o\.parquet: it is damaged, or no parquet file"):
        read_table("o.parquet", file.getvalue())


def source_of(tmp_path: Path, columns: str) -> Source:
    (tmp_path / "shop.toml").write_text(
        f'title = "Shop"\ntime_zone = "UTC"\n[statuses]\ncompleted = ["paid"]\n{columns}'
    )
    (source,) = read_sources(tmp_path)
    return source


@pytest.mark.parametrize(
    ("order_id", "order_date", "product", "quantity", "price"),
    [
        ("Заказ", "Дата", "Артикул", "Количество", "Цена"),
        ("订单", "日期", "商品", "数量", "单价"),
        ("رقم الطلب", "تاريخ", "المنتج", "الكمية", "السعر"),
        ("№", "Größe des Tags", "#", "%", "$"),
        ("काम", "कम", "की", "का", "के"),
    ],
)
def test_columns_may_be_called_in_any_script(
    tmp_path: Path, order_id: str, order_date: str, product: str, quantity: str, price: str
) -> None:
    source = source_of(
        tmp_path,
        f'[columns]\norder_id = "{order_id}"\norder_date = "{order_date}"\n'
        f'[columns.item]\nid = "{product}"\nquantity = "{quantity}"\nprice = "{price}"\n',
    )
    names = [f" {name.upper()}" for name in (order_id, order_date, product, quantity, price)]
    body = csv_of(names, [dict(zip(names, ["1", "2026-01-05", "TEA", "2", "9.5"], strict=True))])
    order = only(orders_of("o.csv", read_table("o.csv", body), source)).order
    assert (order["order_id"], order["order_date"]) == ("1", "2026-01-05T00:00:00")
    assert [(item["id"], item["quantity"], item["price"]) for item in order["items"]] == [("TEA", 2.0, 9.5)]


@pytest.mark.parametrize("members", [("buyer.id", "buyer_id"), ("buyer_id", "buyer.id")])
def test_of_two_members_that_differ_by_a_sign_the_one_that_the_file_names_counts(
    tmp_path: Path, members: tuple[str, str]
) -> None:
    source = source_of(
        tmp_path,
        '[columns]\norder_id = "id"\norder_date = "at"\n[columns.customer]\nid = "buyer.id"\n'
        '[columns.item]\nid = "lines.sku"\nquantity = "lines.n"\nprice = "lines.price"\n',
    )
    cells = {"id": "1", "at": "2026-01-05", "lines.sku": "TEA", "lines.n": "1", "lines.price": "5"}
    said = {"buyer.id": "right", "buyer_id": "wrong"}
    rows = [Row(1, cells | {name: said[name] for name in members})]
    order = order_of(rows, rows, source)
    assert order.order["customer"]["id"] == "right"


@pytest.mark.parametrize(("word", "other"), [("مکمل", "منسوخ"), ("готово", "отмена")])
def test_rows_with_two_statuses_contradict_each_other_in_any_script(word: str, other: str) -> None:
    assert only(woo(woo_item(1, status=word), woo_item(1, "CUP-2", status=other))).left_out == "contradicting_rows"


@pytest.mark.parametrize("source", ["shopify", "woocommerce", "online_retail", "order_items"])
@pytest.mark.parametrize(
    "first",
    [
        "Ali Khan,0300-1234567,ali@example.com,12 Mall Road",
        "Ali Khan,Ali Khan,ali@example.com,12 Mall Road",
        "ali khan,ALI-KHAN,0300-1234567,0300 1234567",
    ],
)
def test_a_file_without_a_header_is_refused_without_what_its_first_row_says(source: str, first: str) -> None:
    body = f"{first}\n{first}\n".encode()
    with pytest.raises(UnusableFile) as error:
        orders_of("o.csv", read_table("o.csv", body), source_named(source))
    assert not [word for word in ("khan", "1234567", "@", "mall") if word in str(error.value).lower()]
    assert "header" in str(error.value)


def test_a_file_that_lacks_a_column_is_refused_with_those_that_it_has() -> None:
    row = {name: text for name, text in woo_item(1, gift="yes").items() if name != "order_date"}
    body = csv_of([name for name in WOOCOMMERCE if name != "order_date"], [row])
    with pytest.raises(
        UnusableFile, match=r"no column order_date or date; .* It has order_id, order_number, status.* and 1 other"
    ):
        orders_of("o.csv", read_table("o.csv", body), source_named("woocommerce"))


@pytest.mark.parametrize(
    "changes",
    [
        {"item_refunded_qty": "one"},
        {"item_refunded_qty": "-1,0"},
        {"item_subtotal": "12,50"},
        {"item_subtotal": "Rs 12"},
    ],
)
def test_what_came_back_and_a_list_price_that_are_no_numbers_cost_the_item(changes: dict[str, str]) -> None:
    assert only(woo(woo_item(1), woo_item(1, "CUP-2", **changes))).items_left_out == {1: "no_number"}


@pytest.mark.parametrize("discount", ["3,00", "Rs 3.00", "30%"])
def test_a_discount_that_is_no_number_costs_the_item_and_is_not_taken_for_none(discount: str) -> None:
    order = only(shopify(*shopify_order(1, shopify_item(), shopify_item("CUP-2", **{"Lineitem discount": discount}))))
    assert order.items_left_out == {1: "no_number"}


@pytest.mark.parametrize("nothing", ["0E-18", "0e-10", "5.551115123125783e-17", "1E-7"])
def test_a_number_that_a_program_writes_with_a_small_exponent_is_one(nothing: str) -> None:
    order = only(shopify(*shopify_order(1, shopify_item(**{"Lineitem discount": nothing}))))
    assert (order.items_left_out, order.order["items"][0]["price"]) == ({}, 10.0)
    free = only(shopify(*shopify_order(1, shopify_item(**{"Lineitem price": nothing}), Total=nothing)))
    assert (free.items_left_out, free.order["items"][0]["price"]) == ({}, float(nothing))
    assert free.order["total"] == float(nothing)


def test_rows_behind_one_that_is_none_continue_no_order() -> None:
    first, second = shopify_order(1, shopify_item(), shopify_item("CUP-2"))
    columns, *rest = csv_of(
        SHOPIFY, [first, second, {**second, "Name": "", "Email": "", "Lineitem sku": "MUG-3"}]
    ).splitlines()
    body = b"\n".join([columns, *rest[:2], b"#2,too,few", rest[2], *rest[2:]])
    orders = orders_of("o.csv", read_table("o.csv", body), source_named("shopify")).orders
    assert [(order.order["order_id"], order.left_out, order.rows) for order in orders] == [
        ("#1", None, [2, 3]), (None, "misshapen_row", [4]), (None, None, [5, 6]),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "head", "row"),
    [
        ("o.csv", b"order_number,order_date,item_sku,item_quantity,item_total\n", b'7,"5, Mall Road",too few'),
        ("o.csv", b"order_number;order_date;item_sku;item_quantity;item_total\n", b"7;a;b;c;d;one;too many"),
        (
            "o.jsonl",
            b'{"order_number":1,"order_date":"x","item_sku":1,"item_quantity":1,"item_total":1}\n',
            b'{"half":',
        ),
        ("o.jsonl", b'{"order_number":1,"order_date":"x","item_sku":1,"item_quantity":1,"item_total":1}\n', b'"\xff"'),
    ],
)
def test_what_a_misshapen_row_says_is_kept_and_tells_it_from_others(name: str, head: bytes, row: bytes) -> None:
    def orders(row: bytes) -> dict[str, Any]:
        read = orders_of(name, read_table(name, head + row + b"\n"), source_named("woocommerce"))
        return read.orders[-1].order

    (said,) = orders(row)["unmapped"]
    for part in re.findall(rb"\w{3,}", row):
        assert part.decode() in json.dumps(said)
    assert orders(row) != orders(row.replace(b"a", b"b").replace(b"\xff", b"c"))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_a_cell_under_a_blank_header_is_kept_and_unknown(suffix: str) -> None:
    row = {**woo_item(1), " ": "fragile"}
    body = csv_of(WOOCOMMERCE, [row])
    if suffix == "xlsx":
        file = io.BytesIO()
        pd.DataFrame([row]).to_excel(file, index=False)
        body = file.getvalue()
    read = orders_of(f"o.{suffix}", read_table(f"o.{suffix}", body), source_named("woocommerce"))
    (unknown,) = read.unknown
    assert unknown.startswith("column ")
    assert only(read).order["unmapped"][0][unknown] == "fragile"


@pytest.mark.parametrize("cell", [None, "x", 7, ["x"]], ids=["nothing", "a text", "a number", "a list"])
def test_a_parquet_file_of_far_more_rows_than_bytes_is_not_unpacked(cell: Any) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"order_number": pa.array([cell] * 400_000)}), file)
    with pytest.raises(UnusableFile, match=r"o\.parquet: it unpacks to .* bytes, over 100 times its size; split it"):
        read_table("o.parquet", file.getvalue())
