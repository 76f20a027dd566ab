"""A source is a file. What is wrong with one is said with file, key and remedy, when it is read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from aisle.errors import ConfigurationError
from aisle.identity.hashing import PersonHasher
from aisle.orders.landing import Lander
from aisle.settings import Identity
from aisle.sources import SOURCES_FOLDER, api_sources, read_sources, source_named

GOOD = (
    'title = "Shop"\nendpoint = "/orders"\n[statuses]\ncompleted = ["Bezahlt", "shipped"]\ncancelled = ["storniert"]\n'
)


def folder_with(folder: Path, text: str, name: str = "shop") -> Path:
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_the_shipped_endpoints_are_those_of_the_company() -> None:
    assert {source.name: source.path for source in api_sources()} == {"oe": "/get_oe_orders", "pos": "/get_pos_orders"}


def test_a_source_is_a_file(tmp_path: Path) -> None:
    (source,) = read_sources(folder_with(tmp_path, GOOD))
    assert (source.name, source.title, source.path, source.zone) == ("shop", "Shop", "/orders", None)
    assert [source.status_of(word) for word in ("bezahlt", " SHIPPED ", "Storniert", "offen", "")] == [
        "completed", "completed", "cancelled", None, None,
    ]  # fmt: skip


def test_orders_are_read_in_the_words_of_their_source(tmp_path: Path) -> None:
    (source,) = read_sources(folder_with(tmp_path, GOOD.replace("endpoint", 'time_zone = "Europe/Berlin"\nendpoint')))
    lander = Lander(source, PersonHasher(Identity(hash_key="a key")))  # type: ignore[arg-type]
    item = {"id": "a", "quantity": 1, "price": 1}
    order = {"order_id": "1", "order_date": "2026-01-01T10:00:00", "status": "BEZAHLT", "items": [item]}
    landed = lander.land(msgspec.Raw(json.dumps(order).encode()), "key")
    assert (landed.order.status, str(landed.order.ordered_at)) == ("completed", "2026-01-01 09:00:00+00:00")
    (reject,) = lander.land(msgspec.Raw(json.dumps({**order, "status": "completed"}).encode()), "key").rejects
    assert reject.reason == "unknown_status"
    assert "not one of bezahlt, shipped, storniert" in reject.detail


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title = ", "shop.toml: Invalid value"),
        (GOOD + "statusses = 1", "statuses.statusses: "),
        (GOOD.replace('title = "Shop"', 'titel = "Shop"'), "title: is missing; add it; titel: there is no such key"),
        (
            GOOD.replace("endpoint", 'time_zone = "Berlin"\nendpoint'),
            "time_zone: 'Berlin' is no time zone; give an IANA",
        ),
        (GOOD.replace("/orders", "orders"), "endpoint: "),
        (GOOD.replace("storniert", "SHIPPED"), "statuses give 'shipped' twice"),
        (GOOD.replace("cancelled", "returned"), "statuses.returned"),
        (GOOD.replace("endpoint", 'title = "Twice"\nendpoint'), "Cannot overwrite a value"),
        (GOOD.replace("endpoint", 'fold_case = "perhaps"\nendpoint'), "fold_case: "),
    ],
)
def test_a_mistake_in_a_file_is_said_with_file_key_and_remedy(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as error:
        read_sources(folder_with(tmp_path, text))
    assert f"{tmp_path / 'shop.toml'}" in str(error.value)
    assert said in str(error.value)


FILES = GOOD.replace('endpoint = "/orders"\n', "") + (
    '[columns]\norder_id = "Number"\norder_date = "Date"\nstatus = "Status"\n'
    '[columns.item]\nid = "Article"\nquantity = "Units"\nprice = "Price"\n'
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILES.replace('price = "Price"\n', ""), "columns.item: give the column of `price`, or of `paid`"),
        (FILES.replace('"Number"', "[]"), "columns.order_id: "),
        (FILES.replace('"Number"', '" "'), "columns.order_id.0: "),
        (FILES.replace('"Article"', "[]"), "columns.item.id: "),
        (FILES.replace('"Units"', '["Units", ""]'), "columns.item.quantity.1: "),
        (FILES + '[[cancelled]]\ncolumn = "Number"\nstarts_with = ""\n', "cancelled.0.starts_with.0: "),
        (FILES + '[[cancelled]]\ncolumn = ""\nfilled = true\n', "cancelled.0.column: "),
        (FILES + '[[left_out]]\nwhat = "item"\nreason = "x_x"\ncolumn = "a"\nstarts_with = [" "]\n', "starts_with.0: "),
    ],
)
def test_columns_that_nothing_could_be_read_by_and_rules_that_all_rows_meet_are_refused(
    tmp_path: Path, text: str, said: str
) -> None:
    assert read_sources(folder_with(tmp_path, FILES))
    with pytest.raises(ConfigurationError) as error:
        read_sources(folder_with(tmp_path, text))
    assert said in str(error.value)


def test_a_file_with_a_mark_of_its_encoding_is_read(tmp_path: Path) -> None:
    (tmp_path / "shop.toml").write_text(GOOD, encoding="utf-8-sig")
    assert [source.title for source in read_sources(tmp_path)] == ["Shop"]


def test_two_sources_of_one_endpoint_are_refused_because_every_order_would_come_twice(tmp_path: Path) -> None:
    folder_with(tmp_path, GOOD, "shop")
    folder_with(tmp_path, GOOD, "shop_copy")
    with pytest.raises(ConfigurationError, match=r"shop\.toml and shop_copy\.toml have one `endpoint`, /orders; "):
        read_sources(tmp_path)


@pytest.mark.parametrize("name", ["My Shop", "1shop", "shop-2", "s" * 17])
def test_a_name_that_no_prefix_could_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="rename the file"):
        read_sources(folder_with(tmp_path, GOOD, name))


def test_a_file_that_is_no_text_and_a_folder_without_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AISLE_INGEST__SOURCES_FOLDER"):
        read_sources(tmp_path)
    (tmp_path / "shop.toml").write_bytes(b'title = "\xff"')
    with pytest.raises(ConfigurationError, match="write it as TOML in UTF-8"):
        read_sources(tmp_path)


def test_a_source_that_nobody_described_is_named_with_those_that_are() -> None:
    with pytest.raises(ConfigurationError, match=r"no source of orders 'till'; there are .*pos"):
        source_named("till")


def test_every_shipped_file_can_be_read() -> None:
    assert {source.name for source in read_sources(SOURCES_FOLDER)} == {file.stem for file in SOURCES_FOLDER.iterdir()}
