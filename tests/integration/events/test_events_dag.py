from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aisle.contracts.company_orders import Customer
from aisle.settings import get_settings
from tests.integration.company_served import served_company
from tests.waiting import wait_for

RunDag = Callable[..., dict[str, str]]
MakeOrder = Callable[..., Any]

#: Two tastes: even customers buy even items, odd customers odd ones.
N_CUSTOMERS, N_ITEMS, N_PURCHASES = 60, 40, 25
WEEK_AGO = int((datetime.now(UTC) - timedelta(days=7)).timestamp())


def phone_of(customer: int) -> str:
    return f"0300-{1234567 + customer}"


def user_of(shop: Any, customer: int) -> str:
    return str(shop.hasher.person("pos", Customer(phone=phone_of(customer)), None).user_id)


def bulk_rows(shop: Any, n_rows: int = N_CUSTOMERS * N_PURCHASES) -> list[str]:
    rows = []
    for customer in range(N_CUSTOMERS):
        user_id = user_of(shop, customer)
        for nth in range(N_PURCHASES):
            item = (customer * 7 + nth * nth * 3) % (N_ITEMS // 2) * 2 + customer % 2
            rows.append(f"{user_id},P{item},purchase,1,{WEEK_AGO + customer * 1000 + nth * 60}")
    return rows[:n_rows]


@contextmanager
def company_with(path: Path, *orders: dict[str, Any]) -> Iterator[str]:
    """URL of the company simulator, which serves these orders."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(orders[0]))
        writer.writeheader()
        writer.writerows(orders)
    with served_company(orders=path) as url:
        yield url


def order_row(customer: int, item: int, ordered_at: datetime, **changes: Any) -> dict[str, Any]:
    """An order of one item, as the simulator reads it."""
    return {
        "order_id": f"N{customer}-{item}", "source": "pos", "ordered_at": ordered_at.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "customer_phone": phone_of(customer), "product_id": f"P{item}", "quantity": 1, "unit_price": 5,
        "status": "completed", **changes,
    }  # fmt: skip


@pytest.fixture
def no_company(connect_company: Callable[[str], None]) -> None:
    """A company API that does not answer."""
    connect_company("http://127.0.0.1:9")


def test_an_order_reaches_the_model_within_a_minute_and_once(
    shop: Any, model: Any, run_dag: RunDag, connect_company: Callable[[str], None], tmp_path: Path
) -> None:
    model.import_rows(*bulk_rows(shop))
    taste = model.serve("taste", model.train("taste", "aws-user-personalization"))
    alike = model.serve("alike", model.train("alike", "aws-sims"))
    user = user_of(shop, 2)
    before, alike_before = model.recommended(taste, userId=user), model.recommended(alike, itemId="P4")
    ordered_at = datetime.now(UTC)
    orders = [order_row(2, item, ordered_at) for item in (1, 3, 5, 7, 9)]
    with company_with(tmp_path / "orders.csv", *orders, order_row(2, 11, ordered_at - timedelta(days=30))) as url:
        connect_company(url)
        assert run_dag("events", "first") == {"tail": "success", "send": "success", "outcome": "success"}
        wait_for(lambda: model.recommended(taste, userId=user) != before, "other recommendations", seconds=300)
        assert sorted(event["ITEM_ID"] for event in model.events()) == ["P1", "P3", "P5", "P7", "P9"]
        assert model.recommended(alike, itemId="P4") == alike_before  # similar items wait for the next training

        assert run_dag("events", "idle") == {"tail": "skipped", "send": "skipped", "outcome": "success"}
    assert len(model.events()) == 5
    assert shop.outbox("state") == ["sent"] * 5
    # The run that sees an order sends it, and there is one a minute.
    assert get_settings().schedules.events == "* * * * *"


def test_a_tail_leaves_the_watermark_and_lets_ingest_announce_its_orders(
    shop: Any, run_dag: RunDag, connect_company: Callable[[str], None], personalize: Any, tmp_path: Path
) -> None:
    import psycopg

    from aisle.orders.ledger import Ledger, changes

    beginning = datetime.now(UTC) - timedelta(hours=2)
    with company_with(tmp_path / "orders.csv", order_row(1, 1, datetime.now(UTC))) as url:
        connect_company(url)
        assert run_dag("events", "tailed")["tail"] == "success"
        assert run_dag("events", "again")["tail"] == "skipped"
        with psycopg.connect(shop.url) as connection:
            assert Ledger(connection, "pos", "any").watermark(beginning) == beginning
            assert changes(connection)["n_changes"] == 1
            ledger = connection.execute("select source, kind, state, orders_changed from ops.ingest_windows")
            assert ledger.fetchall() == [("pos", "tail", "proven", 1)]
        states = run_dag("ingest", "ingested")
        assert states["announce_orders"] == "success"  # the ingest run itself has found nothing new
    assert shop.outbox("state") == ["waiting"]


def test_events_wait_until_there_are_interactions_to_join(
    shop: Any, make_order: MakeOrder, personalize: Any, run_dag: RunDag, quiet_company: None
) -> None:
    shop.land(make_order(1))
    assert run_dag("events", "early")["send"] == "skipped"
    assert set(shop.outbox("state")) == {"waiting"}
    assert not personalize.list_event_trackers()["eventTrackers"]


def test_what_waits_is_sent_though_the_company_is_down_and_the_run_says_so(
    shop: Any, make_order: MakeOrder, model: Any, run_dag: RunDag, no_company: None
) -> None:
    shop.land(make_order(1))
    assert run_dag("events", "deaf") == {"tail": "failed", "send": "success", "outcome": "upstream_failed"}
    assert set(shop.outbox("state")) == {"sent"}


def test_dead_events_are_sent_when_they_are_replayed_and_a_run_without_success_fails(
    shop: Any, make_order: MakeOrder, model: Any, run_dag: RunDag, quiet_company: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLE_EVENTS__ATTEMPTS", "1")
    monkeypatch.setenv("AISLE_EVENTS__TRACKING_ID", "nobody's")
    get_settings.cache_clear()
    shop.land(make_order(1))
    assert run_dag("events", "wrong")["send"] == "failed"
    assert {row["state"] for row in shop.outbox("state, last_error")} == {"dead"}
    assert all("no ACTIVE event tracker" in error for error in shop.outbox("last_error"))
    monkeypatch.setenv("AISLE_EVENTS__TRACKING_ID", "")
    get_settings.cache_clear()
    assert run_dag("events", "next")["send"] == "skipped"
    assert run_dag("events", "replay", replay_dead=True)["send"] == "success"
    assert set(shop.outbox("state")) == {"sent"}
    assert len(model.events()) == 2


def test_a_purchase_that_came_both_in_bulk_and_as_an_event_counts_once(
    shop: Any, make_order: MakeOrder, model: Any, run_dag: RunDag, quiet_company: None
) -> None:
    shop.land(make_order(1), make_order(2))
    columns = "user_id, item_id, event_value, floor(extract(epoch from occurred_at))::bigint as timestamp"
    events = [
        f"{row['user_id']},{row['item_id']},purchase,{row['event_value']:g},{row['timestamp']}"
        for row in shop.outbox(columns)
    ]
    purchases = bulk_rows(shop, 995)
    views = [row.replace("purchase", "view") for row in purchases[:10]]  # an import takes no fewer than 1,000 rows
    model.import_rows(*purchases, *views, *events)
    assert run_dag("events", "both")["send"] == "success"
    assert sorted(event["ITEM_ID"] for event in model.events()) == ["CUP", "CUP", "TEA", "TEA"]
    short = model.train("counted", "aws-popularity-count", eventType="purchase")
    assert "fewer than 1000 interactions" in short["failureReason"]  # 999 purchases, not 1003

    shop.land(make_order(3, {"id": "TEA", "quantity": 1, "price": 2.0}))
    assert run_dag("events", "more")["send"] == "success"
    assert model.train("counted", "aws-popularity-count")["status"] == "ACTIVE"


def test_similar_items_learn_from_events_with_the_next_training(
    shop: Any, make_order: MakeOrder, model: Any, run_dag: RunDag, quiet_company: None
) -> None:
    model.import_rows(*bulk_rows(shop))
    before = model.serve("before", model.train("alike", "aws-sims"))
    assert "P33" not in model.recommended(before, itemId="P4")
    pair = [{"id": item, "quantity": 1, "price": 5.0} for item in ("P4", "P33")]
    shop.land(*(make_order(customer, *pair) for customer in range(N_CUSTOMERS)))
    assert run_dag("events", "pairs")["send"] == "success"
    assert "P33" not in model.recommended(before, itemId="P4")
    after = model.serve("after", model.train("alike", "aws-sims"))
    assert "P33" in model.recommended(after, itemId="P4")
