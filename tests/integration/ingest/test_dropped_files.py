"""Files of orders that are dropped into a folder or on S3 reach raw: each once, and none stops another."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.errors import ConfigurationError
from aisle.identity.hashing import PersonHasher
from aisle.objects import S3Uri, list_objects
from aisle.orders.archive import Archive
from aisle.orders.drops import Drops, ReadFiles
from aisle.orders.inbox import Content, DroppedFile, inbox_at
from aisle.orders.ledger import changes
from aisle.settings import Identity
from tests.unit.sources.exports import SHOPIFY, WOOCOMMERCE, csv_of, shopify_item, shopify_order, woo_item

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
GIFT_CARD = shopify_item("", **{"Lineitem name": "Gift Card - 50", "Lineitem requires shipping": "false"})


class _Meanwhile:
    """The inbox of a shelf, in which something happens while a file is read."""

    def __init__(self, shelf: Shelf) -> None:
        self._inbox, self._happens = inbox_at(shelf.place, shelf.s3), shelf.meanwhile
        self.files, self.strays, self.remove = self._inbox.files, self._inbox.strays, self._inbox.remove

    def read(self, file: DroppedFile) -> Content:
        content = self._inbox.read(file)
        if self._happens:
            self._happens(file)
        return content


class Shelf:
    """A folder of drops, and the warehouse behind it."""

    def __init__(self, folder: Path, url: str, s3: Any, bucket: str) -> None:
        self.folder, self.url, self.s3, self.bucket = folder, url, s3, bucket
        self.place = str(folder)
        #: Done to an inbox when it has read a file.
        self.meanwhile: Callable[[DroppedFile], object] | None = None

    def drop(self, name: str, body: bytes, age: int = 0) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body)
        os.utime(path, (1_770_000_000 - age, 1_770_000_000 - age))
        return path

    def read(self, run_key: str = "run", **options: Any) -> ReadFiles:
        with psycopg.connect(self.url, autocommit=True) as connection:
            archive = Archive(self.s3, self.bucket, run_key)
            return Drops(_Meanwhile(self), archive, HASHER, connection, **options).read()

    def put(self, key: str, body: bytes, **options: Any) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=f"drops/{key}", Body=body, **options)
        self.place = f"s3://{self.bucket}/drops"

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()

    def archived(self) -> list[dict[str, Any]]:
        keys = [entry.key for entry in list_objects(self.s3, S3Uri(self.bucket, "ingest/"))]
        bodies = (self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read() for key in keys)
        return [order for body in bodies for order in json.loads(gzip.decompress(body))["data"]]


@pytest.fixture
def shelf(tmp_path: Path, warehouse_url: str, s3: Any, bucket: str) -> Shelf:
    return Shelf(tmp_path, warehouse_url, s3, bucket)


def test_a_shopify_export_lands_with_every_row_accounted_for(shelf: Shelf) -> None:
    rows = [
        *shopify_order(1, shopify_item(), shopify_item("CUP-2"), GIFT_CARD),
        *shopify_order(2, **{"Payment Method": "bogus"}),
        *shopify_order(3, **{"Cancelled at": "2026-01-06 10:00:00 +0500"}),
        *shopify_order(4, **{"Financial Status": "settled"}),
        *shopify_order(5, **{"Created at": "soon"}),
    ]
    shelf.drop("shopify/orders.csv", csv_of(SHOPIFY, rows))
    read = shelf.read()
    assert (read.files, read.orders, read.order_items, read.rejected_items, read.failed) == (1, 5, len(rows), 4, ())
    assert shelf.rows("select order_id, status from raw.company__orders where source = 'shopify' order by 1") == [
        ("#1", "completed"), ("#3", "cancelled"),
    ]  # fmt: skip
    assert shelf.rows("select product_id from raw.company__order_items where order_id = '#1' order by 1") == [
        ("CUP-2",), ("TEA-1",),
    ]  # fmt: skip
    rejects = shelf.rows("select order_id, reason, split_part(detail, '; ', 2) from raw.company__rejects order by 1")
    assert rejects == [
        ("#1", "gift_card", "row 4 of orders.csv"),
        ("#2", "test_order", "row 5 of orders.csv"),
        ("#4", "unknown_status", "row 7 of orders.csv"),
        ("#5", "malformed_order", "row 8 of orders.csv"),
    ]
    assert not (shelf.folder / "shopify/orders.csv").exists()


def test_a_file_is_read_once_whatever_it_is_called(shelf: Shelf) -> None:
    body = csv_of(WOOCOMMERCE, [woo_item(1)])
    shelf.drop("woocommerce/a.csv", body)
    assert shelf.read("first").orders_changed == 1
    shelf.drop("woocommerce/b.csv", body)
    assert shelf.read("second") == ReadFiles()
    assert list((shelf.folder / "woocommerce").iterdir()) == []


def test_a_file_that_is_kept_is_not_read_again(shelf: Shelf) -> None:
    path = shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    assert [shelf.read(run, keep=True).files for run in ("first", "second")] == [1, 0]
    assert path.exists()


def test_the_newest_file_has_the_last_word_on_an_order(shelf: Shelf) -> None:
    shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1, status="refunded")]), age=10)
    shelf.drop("woocommerce/b.csv", csv_of(WOOCOMMERCE, [woo_item(1)]), age=20)
    shelf.read()
    assert shelf.rows("select status from raw.company__orders") == [("cancelled",)]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("bad.csv", b"\xff"),
        ("bad.csv", b"a,b\n1,2\n"),
        ("bad.parquet", b"PAR1"),
        ("bad.xlsx", b"PK\x03\x04"),
        ("bad.jsonl", b"{\n"),
        ("bad.zip", b"PK\x03\x04"),
    ],
)
def test_a_bad_file_stays_with_its_error_and_stops_no_other(shelf: Shelf, name: str, body: bytes) -> None:
    path = shelf.drop(f"woocommerce/{name}", body, age=10)
    shelf.drop("woocommerce/good.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    read = shelf.read()
    assert (read.files, read.failed) == (1, (name,))
    assert path.exists()
    ((known, state, error),) = shelf.rows("select name, state, error from ops.dropped_files where state = 'failed'")
    assert (known, state) == (name, "failed")
    assert error.startswith(f"reading the file of orders {name}: ")


def test_a_bad_file_that_was_put_right_is_read_and_no_failure_any_more(shelf: Shelf) -> None:
    shelf.drop("woocommerce/a.csv", b"\xff")
    assert shelf.read("first").failed == ("a.csv",)
    shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    assert shelf.read("second").files == 1
    assert shelf.rows("select state from ops.dropped_files") == [("read",)]


def test_a_file_that_is_too_large_is_not_opened(shelf: Shelf) -> None:
    shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    assert shelf.read(max_megabytes=0.0001).failed == ("a.csv",)
    ((error,),) = shelf.rows("select error from ops.dropped_files")
    assert "AISLE_INGEST__MAX_DROP_MEGABYTES" in error


@pytest.mark.parametrize("name", [".orders.csv", "orders.csv.part", "~$orders.xlsx", "orders.csv.tmp"])
def test_a_file_that_is_still_being_written_waits(shelf: Shelf, name: str) -> None:
    path = shelf.drop(f"woocommerce/{name}", b"order_number")
    assert shelf.read() == ReadFiles()
    assert path.exists()


def test_objects_on_s3_are_read_like_files(shelf: Shelf) -> None:
    body = csv_of(WOOCOMMERCE, [woo_item(1), woo_item(2)])
    shelf.s3.put_object(Bucket=shelf.bucket, Key="drops/woocommerce/a.csv", Body=body)
    shelf.place = f"s3://{shelf.bucket}/drops"
    assert shelf.read().orders == 2
    assert list(list_objects(shelf.s3, S3Uri(shelf.bucket, "drops/"))) == []


def test_a_folder_that_is_not_there_is_named(shelf: Shelf) -> None:
    shelf.place = str(shelf.folder / "nowhere")
    with pytest.raises(ConfigurationError, match=r"nowhere: there is no such folder; .*AISLE_INGEST__DROPS"):
        shelf.read()


def test_the_archive_has_all_that_a_file_says_and_nobody_who_was_erased(shelf: Shelf, warehouse_url: str) -> None:
    with psycopg.connect(warehouse_url) as connection:
        hashes = HASHER.hashes("shopify", Customer(email="buyer2@example.com")).known
        statement = "insert into identity.erasures select identity.user_hash(h), %s from unnest(%s::text[]) as h"
        connection.execute(statement.encode(), (datetime(2026, 6, 1, tzinfo=UTC), hashes))
    rows = [
        *shopify_order(1, **{"Tags": "vip", "Loyalty": "gold"}),
        *shopify_order(2, **{"Notes": "for buyer2@example.com"}),
    ]
    shelf.drop("shopify/orders.csv", csv_of(SHOPIFY, rows) + b"#3,buyer2@example.com,Lane 5\n")
    shelf.read()
    first, second, misshapen = shelf.archived()
    assert (misshapen["items"], misshapen["unmapped"]) == ([], None)
    assert first["unmapped"][0].items() >= {"Tags": "vip", "Loyalty": "gold"}.items()
    assert "buyer2" not in json.dumps(second)
    assert shelf.rows("select order_id from raw.company__orders where user_id is null") == [("#2",)]


def test_orders_of_a_file_are_announced_and_vanish_with_no_other_file(shelf: Shelf) -> None:
    shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]), age=10)
    shelf.drop("woocommerce/b.csv", csv_of(WOOCOMMERCE, [woo_item(2)]))
    shelf.read()
    with psycopg.connect(shelf.url) as connection:
        assert changes(connection)["n_changes"] == 2
    assert shelf.rows("select count(*) from ops.vanished_orders") == [(0,)]


def test_a_file_of_more_orders_than_a_page_is_read_whole(shelf: Shelf) -> None:
    shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(number) for number in range(2_001)]))
    read = shelf.read()
    assert (read.orders, read.order_items) == (2_001, 2_001)
    assert len(shelf.archived()) == 2_001
    assert shelf.rows("select count(*) from raw.company__orders") == [(2_001,)]


def test_a_column_that_nobody_knows_is_in_the_drift_report(shelf: Shelf) -> None:
    rows = [*shopify_order(1, **{"Loyalty Tier": "gold"}), *shopify_order(2)]
    shelf.drop("shopify/orders.csv", csv_of(SHOPIFY, rows))
    shelf.read()
    assert shelf.rows("select source, kind, name, n_orders, first_example from ops.source_drift_report") == [
        ("shopify", "unknown field", "Loyalty Tier", 1, "text of 4 characters")
    ]


def test_orders_in_another_currency_are_converted_by_a_table_that_was_dropped_or_rejected(shelf: Shelf) -> None:
    shelf.drop("exchange_rates/rates.csv", b"currency,valid_from,rate\nEUR,2026-01-01,300\nEUR,2026-03-01,999\n")
    rows = [
        woo_item(1),
        woo_item(2, order_currency="EUR"),
        woo_item(3, order_currency="USD"),
    ]
    shelf.drop("woocommerce/orders.csv", csv_of(WOOCOMMERCE, rows), age=10)
    assert shelf.read().rejected_items == 1
    prices = shelf.rows("select order_id, unit_price::float, quantity::float from raw.company__order_items order by 1")
    assert prices == [("1", 10.0, 2.0), ("2", 3000.0, 2.0)]
    assert shelf.rows("select order_id, reason from raw.company__rejects") == [("3", "unknown_exchange_rate")]
    assert list((shelf.folder / "exchange_rates").iterdir()) == []


def test_a_bad_table_of_rates_changes_none_and_stops_no_file(shelf: Shelf) -> None:
    shelf.drop("exchange_rates/rates.csv", b"currency,valid_from,rate\nEUR,2026-01-01,300\nEUR,2026-03-01,x\n")
    shelf.drop("woocommerce/orders.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    read = shelf.read()
    assert (read.files, read.failed) == (1, ("rates.csv",))
    assert shelf.rows("select count(*) from raw.exchange_rates") == [(0,)]
    ((error,),) = shelf.rows("select error from ops.dropped_files where state = 'failed'")
    assert "row 3 is no rate" in error


@pytest.mark.parametrize("on_s3", [False, True])
@pytest.mark.parametrize("newer", [[1, 2], [2], []], ids=["grown", "replaced", "emptied"])
def test_a_file_that_changes_while_it_is_read_stays_for_the_next_run(
    shelf: Shelf, on_s3: bool, newer: list[int]
) -> None:
    drop = shelf.put if on_s3 else shelf.drop
    last = csv_of(WOOCOMMERCE, [woo_item(number) for number in newer])
    drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    shelf.meanwhile = lambda _: drop("woocommerce/a.csv", last)
    assert shelf.read("first").files == 1
    shelf.meanwhile = None
    assert shelf.read("second").files == (1 if newer else 0)
    orders = shelf.rows("select order_id from raw.company__orders order by 1")
    assert orders == [(str(number),) for number in sorted({1, *newer})]


@pytest.mark.parametrize("on_s3", [False, True])
def test_a_file_that_another_process_has_deleted_is_passed_over(shelf: Shelf, on_s3: bool) -> None:
    drop = shelf.put if on_s3 else shelf.drop
    for name, number in [("a.csv", 1), ("b.csv", 2)]:
        drop(f"woocommerce/{name}", csv_of(WOOCOMMERCE, [woo_item(number)]))

    def delete(_: DroppedFile) -> None:
        (shelf.folder / "woocommerce/b.csv").unlink(missing_ok=True)
        shelf.s3.delete_object(Bucket=shelf.bucket, Key="drops/woocommerce/b.csv")

    shelf.meanwhile = delete
    read = shelf.read()
    assert (read.files, read.failed) == (1, ())
    assert shelf.rows("select name, state from ops.dropped_files") == [("a.csv", "read")]


def test_a_file_that_cannot_be_opened_stops_no_other(shelf: Shelf) -> None:
    shelf.drop("woocommerce/good.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    (shelf.folder / "woocommerce/bad.csv").symlink_to("/proc/self/mem")
    read = shelf.read()
    assert (read.files, read.failed) == (1, ("bad.csv",))
    ((error,),) = shelf.rows("select error from ops.dropped_files where state = 'failed'")
    assert error == "reading the file of orders bad.csv: it cannot be opened (OSError); let Aisle's user read it"


def test_an_object_that_s3_does_not_give_stops_no_other(shelf: Shelf) -> None:
    shelf.put("woocommerce/bad.csv", b"x", StorageClass="GLACIER")
    shelf.put("woocommerce/good.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    read = shelf.read()
    assert (read.files, read.failed) == (1, ("bad.csv",))
    ((error,),) = shelf.rows("select error from ops.dropped_files where state = 'failed'")
    assert "bad.csv: S3 does not give it (InvalidObjectState); let Aisle's role" in error


def test_a_file_that_was_read_and_cannot_be_deleted_is_named_until_it_can_and_stops_no_other(shelf: Shelf) -> None:
    path = shelf.drop("woocommerce/a.csv", csv_of(WOOCOMMERCE, [woo_item(1)]), age=10)
    shelf.drop("woocommerce/b.csv", csv_of(WOOCOMMERCE, [woo_item(2)]))
    unlink = Path.unlink

    def stuck(self: Path, **options: Any) -> None:
        if self == path:
            raise PermissionError(13, "read-only")
        unlink(self, **options)

    with pytest.MonkeyPatch.context() as patch:  # this process may delete anything
        patch.setattr(Path, "unlink", stuck)
        first, second = shelf.read("first"), shelf.read("second")
    assert (first.files, first.failed, second.files, second.failed) == (2, ("a.csv",), 0, ("a.csv",))
    ((error,),) = shelf.rows("select error from ops.dropped_files where state = 'failed'")
    assert error.startswith("deleting the file of orders a.csv, which was read: PermissionError; let Aisle's user")
    assert shelf.read("third").failed == ()
    assert shelf.rows("select distinct state from ops.dropped_files") == [("read",)]
    assert not path.exists()


@pytest.mark.parametrize("name", [b"Auftr\xe4ge.csv", b"a\nERROR all is lost.csv", b"\x1b[31mred.csv"])
def test_a_file_may_have_a_name_that_cannot_be_shown(shelf: Shelf, name: bytes) -> None:
    for body in (b"\xff", csv_of(WOOCOMMERCE, [woo_item(1), woo_item(2, status="new")])):
        shelf.drop(f"woocommerce/{os.fsdecode(name)}", body)
        (shown,) = shelf.read().failed or ("",)
        assert shown.isprintable()
    assert list((shelf.folder / "woocommerce").iterdir()) == []
    ((known, detail),) = shelf.rows("select name, detail from ops.dropped_files, raw.company__rejects")
    assert known.endswith(".csv")
    assert known in detail
    assert known.isprintable()


def test_rates_too_small_for_their_column_fail_their_file_and_stop_no_other(shelf: Shelf) -> None:
    shelf.drop("exchange_rates/rates.csv", b"currency,valid_from,rate\nEUR,2026-01-01,1e-12\n")
    shelf.drop("woocommerce/orders.csv", csv_of(WOOCOMMERCE, [woo_item(1)]))
    read = shelf.read()
    assert (read.files, read.failed) == (1, ("rates.csv",))


def test_misshapen_rows_of_two_files_are_two_rejects_whose_text_is_in_the_archive_alone(shelf: Shelf) -> None:
    good = csv_of(WOOCOMMERCE, [woo_item(1)])
    shelf.drop("woocommerce/a.csv", good + b"2,Zubaida\n", age=10)
    shelf.drop("woocommerce/b.csv", good + b"3,Yusuf\n")
    assert shelf.read().rejected_items == 2
    assert len(shelf.rows("select from raw.company__rejects where reason = 'misshapen_row'")) == 2
    archived = json.dumps(shelf.archived())
    assert "2, Zubaida" in archived
    assert "3, Yusuf" in archived
    assert shelf.rows("select from raw.company__rejects where (payload || detail) ~ 'Zubaida|Yusuf'") == []
    assert shelf.rows("select from ops.source_drift_report") == []


NUL = "\x00"


def test_characters_that_no_column_holds_cost_no_file(shelf: Shelf) -> None:
    header = [f"{name[:2]}{NUL}{name[2:]}" for name in SHOPIFY]
    row = {name: f"{text}{NUL}\x1b" if text else "" for name, text in shopify_order(1)[0].items()}
    good = dict(zip(header, (shopify_order(2)[0].get(name, "") for name in SHOPIFY), strict=True))
    bad = dict(zip(header, (row.get(name, "") for name in SHOPIFY), strict=True))
    shelf.drop("shopify/a.csv", csv_of(header, [good, bad]))
    lines = [{**row, f"No{NUL}te": NUL}, {**shopify_order(3)[0], f"Ta{NUL}gs": NUL}, {NUL: NUL, **shopify_order(4)[0]}]
    shelf.drop("shopify/b.jsonl", "\n".join(map(json.dumps, lines)).encode())
    read = shelf.read()
    assert (read.files, read.failed, read.orders) == (2, (), 5)
    assert shelf.rows("select order_id from raw.company__orders order by 1") == [("#2",), ("#3",), ("#4",)]


def test_a_file_in_a_folder_of_no_source_is_warned_of(shelf: Shelf, caplog: pytest.LogCaptureFixture) -> None:
    places = ["shopfy/a.csv", "pos/b.csv", "c.csv", "shopify/later.csv.part", "empty/.keep"]
    for on_s3 in (False, True):
        caplog.clear()
        for place in places:
            (shelf.put if on_s3 else shelf.drop)(place, b"x")
        assert shelf.read() == ReadFiles()
        (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert "files wait where no source looks: c.csv, pos/b.csv, shopfy/a.csv; " in warning
        assert "exchange_rates, online_retail, order_items, shopify, woocommerce" in warning
