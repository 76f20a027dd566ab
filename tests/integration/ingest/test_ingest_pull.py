from __future__ import annotations

import gzip
import json
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from aisle.errors import CompanyApiUnavailable


def test_every_order_is_in_raw_once_and_every_page_in_the_archive(ingest: Any, company: Any) -> None:
    company.sell(250)
    pulled = ingest.run(300)
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert (pulled.total.orders, pulled.total.orders_changed, pulled.pages) == (250, 250, 3)
    keys = [item["Key"] for item in ingest.s3.list_objects_v2(Bucket=ingest.bucket)["Contents"]]
    pages = [
        json.loads(gzip.decompress(ingest.s3.get_object(Bucket=ingest.bucket, Key=key)["Body"].read())) for key in keys
    ]
    assert [order for page in pages for order in page["data"]] == company.pos
    assert keys[0] == "ingest/pos/20260101T000000-20260113T120000/run-300/page-00001.json.gz"


def test_a_second_run_writes_nothing(ingest: Any, company: Any) -> None:
    company.sell(250)
    company.pos[7] = order_with_bad_item(company.pos[7])
    company.pos[8] = {**company.pos[8], "status": "on the moon"}
    company.pos[9] = {**company.pos[9], "items": "none"}
    del company.pos[10]["order_id"]
    ingest.run(300)
    before = ingest.everything()
    again = ingest.run(300, "again", overlap_hours=1000)
    assert ingest.everything() == before
    assert (again.total.orders, again.total.orders_changed) == (250, 0)


def order_with_bad_item(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "items": [*order["items"], {"id": " ", "quantity": 1, "price": 1}]}


@pytest.mark.parametrize("fault", ["cut_off", "halve_json", "error"])
def test_after_an_outage_a_run_again_has_every_order_exactly_once(ingest: Any, company: Any, fault: str) -> None:
    company.sell(250)
    company.behave()
    company.answer_status(500, times=3) if fault == "error" else getattr(company, fault)(times=3)
    with pytest.raises(CompanyApiUnavailable):
        ingest.run(300)
    assert ingest.order_ids() == []
    assert ingest.watermark_hours() == 0
    ingest.run(300)
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert ingest.watermark_hours() == 300
    assert ingest.items_accounted_for() == 500


def test_a_failed_window_keeps_the_watermark_and_those_proven_before_it(ingest: Any, company: Any) -> None:
    company.sell(250)
    company.behave()
    company.answer_status(500, times=3)
    with pytest.raises(CompanyApiUnavailable):
        ingest.run(240, longest_days=4)
    assert ingest.watermark_hours() == 96
    assert ingest.rows("select state from ops.ingest_windows order by window_start") == [("proven",), ("failed",)]
    assert "status 500" in ingest.rows("select error from ops.ingest_windows where state = 'failed'")[0][0]
    ingest.run(240, longest_days=4, overlap_hours=0)
    assert ingest.watermark_hours() == 240
    assert len(ingest.order_ids()) == 240


def test_a_proven_window_that_fails_when_fetched_again_stays_proven(ingest: Any, company: Any) -> None:
    company.sell(20)
    ingest.run(24, "same")
    company.answer_status(500, times=3)
    with pytest.raises(CompanyApiUnavailable):
        ingest.run(24, "same")
    assert ingest.watermark_hours() == 24


def test_a_window_left_by_a_killed_process_is_marked_as_failed_by_the_next_run(ingest: Any, company: Any) -> None:
    company.sell(20)
    ingest.execute(
        "insert into ops.ingest_windows (source, window_start, window_end, run_key, kind, state)"
        " values ('pos', '2026-01-01Z', '2026-01-02Z', 'killed', 'scheduled', 'running')"
    )
    assert ingest.watermark_hours() == 0
    ingest.run(24)
    assert ingest.rows("select state, error from ops.ingest_windows where run_key = 'killed'") == [
        ("failed", "its process ended without a word")
    ]


def test_a_run_whose_database_session_dies_midway_leaves_nothing_half_done(ingest: Any, company: Any) -> None:
    company.sell(250)
    company.behave()
    company.do(
        lambda: ingest.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    )
    with pytest.raises(psycopg.OperationalError):
        ingest.run(300)
    assert ingest.order_ids() == []
    ingest.run(300)
    assert ingest.order_ids() == [order["order_id"] for order in company.pos]
    assert ingest.rows("select state from ops.ingest_windows") == [("proven",)]


def test_the_ledger_keeps_the_kind_of_a_foreign_error_but_not_its_words(ingest: Any, company: Any) -> None:
    company.sell(5)
    ingest.s3.put_object = None  # calling it fails with a TypeError
    with pytest.raises(TypeError):
        ingest.run(24)
    assert ingest.rows("select state, error from ops.ingest_windows") == [("failed", "TypeError")]


def test_a_late_edit_and_a_cancellation_arrive_with_the_overlap(ingest: Any, company: Any) -> None:
    company.sell(100)
    ingest.run(100)
    company.edit(80, city="Multan", items=[{"id": "P9", "quantity": 5, "price": 3}])
    company.edit(90, status="cancelled")
    pulled = ingest.run(101)
    assert pulled.total.orders_changed == 2
    assert ingest.rows(
        "select order_id, city, status, product_id, quantity::int from raw.company__orders"
        " join raw.company__order_items using (source, order_id) where run_key = 'run-101' order by 1, line_number"
    ) == [
        ("A0080", "Multan", "completed", "P9", 5),
        ("A0090", "Lahore", "cancelled", "p1", 2),
        ("A0090", "Lahore", "cancelled", "P2", 1),
    ]


def test_a_version_older_than_the_stored_one_changes_nothing(ingest: Any, company: Any) -> None:
    company.sell(10)
    ingest.run(24)
    company.edit(5, city="Quetta", updated_at="2025-12-31T00:00:00Z")
    assert ingest.run(25).total.orders_changed == 0


@pytest.mark.parametrize("place", [2, 3])
def test_an_order_sent_twice_in_a_window_counts_once_in_its_newest_version(
    ingest: Any, company: Any, place: int
) -> None:
    company.sell(4)
    newest = {**company.pos[2], "city": "Karachi", "updated_at": (ingest.start + timedelta(days=9)).isoformat()}
    company.pos.insert(place, newest)
    company.largest_page = 3
    pulled = ingest.run(24)
    assert (pulled.total.orders, pulled.total.order_items) == (4, 8)
    assert ingest.rows("select city from raw.company__orders where order_id = 'A0002'") == [("Karachi",)]
    assert ingest.items_accounted_for() == 8


def test_what_cannot_be_mapped_is_a_reject_with_its_reason_and_the_rest_is_loaded(ingest: Any, company: Any) -> None:
    company.sell(6)
    bad_items = [
        {"id": None, "quantity": 1, "price": 1},
        {"id": "P1", "price": 1},
        {"id": "P1", "quantity": 1},
        {"id": "P1", "quantity": 0, "price": 1},
        {"id": "P1", "quantity": 1, "price": -1},
        {"id": "P1", "quantity": -1, "price": 1},
        {"id": "P1", "quantity": 1e12, "price": 1},
    ]
    company.pos[0]["items"] = bad_items
    company.pos[1]["status"] = "lost"
    company.pos[2]["items"][1]["price"] = "ten"
    del company.pos[3]["order_id"]
    company.pos[4]["items"] = [{"id": "P1", "quantity": -1, "price": 1}]
    company.pos[4]["status"] = "cancelled"
    ingest.run(24)
    rejects = ingest.rows("select order_id, line_number, n_lines, reason from raw.company__rejects order by 1, 2")
    assert rejects == [
        ("A0000", 1, 1, "missing_product_id"),
        ("A0000", 2, 1, "missing_quantity"),
        ("A0000", 3, 1, "missing_price"),
        ("A0000", 4, 1, "zero_quantity"),
        ("A0000", 5, 1, "negative_price"),
        ("A0000", 6, 1, "negative_quantity"),
        ("A0000", 7, 1, "number_out_of_range"),
        ("A0001", None, 2, "unknown_status"),
        ("A0002", None, 2, "malformed_order"),
        (None, None, 2, "missing_order_id"),
    ]
    assert ingest.order_ids() == ["A0000", "A0004", "A0005"]
    assert ingest.items_accounted_for() == sum(len(order["items"]) for order in company.pos)
    details = ingest.rows("select detail, archive_key from raw.company__rejects where reason = 'malformed_order'")
    assert details[0][0].endswith("at `$.items[1].price`")
    assert ingest.s3.head_object(Bucket=ingest.bucket, Key=details[0][1])


def test_an_order_that_comes_again_repaired_loses_its_rejects(ingest: Any, company: Any) -> None:
    company.sell(3)
    company.pos[0] = order_with_bad_item(company.pos[0])
    company.pos[1]["items"][0]["quantity"] = "two"
    del company.pos[2]["order_id"]
    ingest.run(24)
    assert ingest.rows("select count(*) from raw.company__rejects") == [(3,)]
    company.sell(3)
    ingest.run(25)
    assert ingest.rows("select count(*) from raw.company__rejects") == [(0,)]
    assert ingest.order_ids() == ["A0000", "A0001", "A0002"]
    assert ingest.items_accounted_for() == 6


def test_a_backfill_loads_its_window_and_leaves_the_watermark(ingest: Any, company: Any) -> None:
    company.sell(100)
    ingest.run(24)
    ingest.backfill(48, 72)
    assert len(ingest.order_ids()) == 48
    assert ingest.watermark_hours() == 24
    assert ingest.gaps_in_hours() == [(24, 48)]
    ingest.run(100)
    assert ingest.watermark_hours() == 100
    assert ingest.gaps_in_hours() == []
    assert len(ingest.order_ids()) == 100


def test_a_backfill_that_adjoins_the_watermark_does_not_move_it_either(ingest: Any, company: Any) -> None:
    company.sell(100)
    ingest.run(24)
    ingest.backfill(24, 72)
    assert ingest.watermark_hours() == 24


def test_two_spellings_of_a_person_are_one_user_with_the_newest_contacts(ingest: Any, company: Any) -> None:
    company.sell(3)
    company.pos[0]["customer"] = {"id": "x", "name": "Old Name", "phone": "0301-2345678", "address": "1 Garden Lane"}
    company.pos[1]["customer"] = {
        "id": "y",
        "name": "New  Name",
        "phone": "+92 301 2345678",
        "email": "New@Example.com",
    }
    company.pos[2]["customer"] = {"id": " ", "phone": "000"}
    ingest.run(24)
    users = ingest.rows("select user_id from raw.company__orders order by order_id")
    assert users[0] == users[1] != users[2] == (None,)
    assert ingest.rows("select name, phone, email, address from identity.customers") == [
        ("New Name", "+923012345678", "new@example.com", "1 Garden Lane")
    ]


def test_a_backfilled_old_order_does_not_overwrite_what_is_known_of_a_person(ingest: Any, company: Any) -> None:
    company.sell(2)
    company.pos[1]["customer"] = {**company.pos[0]["customer"], "name": "Married Name", "address": None}
    ingest.backfill(1, 2)
    ingest.backfill(0, 1)
    assert ingest.rows("select name, address from identity.customers") == [("Married Name", "0 Garden Lane")]


def test_no_personal_data_is_outside_the_identity_schema(ingest: Any, company: Any) -> None:
    company.sell(20)
    company.pos[3]["items"][0]["price"] = "free"
    company.pos[4] = order_with_bad_item(company.pos[4])
    company.pos[5] = {**company.pos[5], "status": "lost", "delivery": {"phone": "0300-1234565"}}
    company.pos[6]["customer"] = "Zubaida Testperson, 0300-1234566"
    company.pos[7]["city"] = {"name": "Zubaida Testperson", "phone": "0300-1234560"}
    ingest.run(24)
    assert "Zubaida" in str(ingest.rows("select * from identity.customers"))
    for schema, table in ingest.rows(
        "select table_schema, table_name from information_schema.tables"
        " where table_schema not in ('identity', 'pg_catalog', 'information_schema') and table_type = 'BASE TABLE'"
    ):
        text = str(ingest.rows(f"select t::text from {schema}.{table} as t"))
        for personal in ("Zubaida", "zubaida", "Testperson", "123456", "example.com", "Garden"):
            assert personal not in text, f"{personal} stands in {schema}.{table}"


def test_text_that_postgresql_cannot_store_does_not_stop_the_window(ingest: Any, company: Any) -> None:
    company.sell(2)
    company.pos[0]["items"][0]["title"] = "Green\u0000 tea\t"
    company.pos[1]["items"][0]["id"] = "\u0000"
    ingest.run(24)
    assert ingest.rows("select product_name from raw.company__order_items where line_number = 1") == [("Green tea",)]
    assert ingest.rows("select reason from raw.company__rejects") == [("missing_product_id",)]


def test_a_new_hash_key_rewrites_the_user_ids_of_orders_that_come_again(ingest: Any, company: Any) -> None:
    company.sell(5)
    ingest.run(24)
    old = ingest.rows("select distinct user_id from raw.company__orders")
    ingest.settings = type(ingest.settings)(hash_key="another-key")
    assert ingest.run(25).total.orders_changed == 5
    assert not {*old} & {*ingest.rows("select distinct user_id from raw.company__orders")}
