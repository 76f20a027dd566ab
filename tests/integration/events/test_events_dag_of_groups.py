"""The DAG events where there are several dataset groups: one task for each, which fails or waits for itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from aisle.settings import get_settings

RunDag = Callable[..., dict[str, str]]
MakeOrder = Callable[..., Any]

pytestmark = pytest.mark.usefixtures("three_groups", "quiet_company")

ITEMS = {"TEA": "drink", "CUP": "ware"}


@pytest.fixture
def models(model: Any, personalize: Any, s3: Any, bucket: str, engine_url: str) -> dict[str, Any]:
    """The models of the three groups."""
    others = {name: type(model)(personalize, s3, bucket, engine_url, name) for name in ("Shop-North", "drinks")}
    return {"aisle": model} | others


def heard(models: dict[str, Any]) -> dict[str, list[tuple[str, str]]]:
    """User and item of the events that each group got."""
    return {
        name: sorted((event["USER_ID"], event["ITEM_ID"]) for event in model.events()) for name, model in models.items()
    }


def test_each_group_gets_its_own_purchases_once_and_forgets_a_person_with_the_others(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], models: dict[str, Any], run_dag: RunDag
) -> None:
    north, south = shop.user_of(1), shop.user_of(2)
    marts_of(shop, items=ITEMS, locations={2: "Lahore"})
    shop.land(make_order(1), make_order(2))
    first = run_dag("events", "first")
    assert {task: first[task] for task in ("send", "send_Shop-North", "send_drinks", "outcome")} == {
        "send": "success", "send_Shop-North": "skipped", "send_drinks": "success", "outcome": "success",
    }  # fmt: skip
    everything = sorted((user, item) for user in (north, south) for item in ITEMS)
    drinks = sorted((user, "TEA") for user in (north, south))
    assert heard(models) == {"aisle": everything, "Shop-North": [], "drinks": drinks}

    marts_of(shop, items=ITEMS, locations={1: "Peshawar", 2: "Lahore"})  # what transform does with a new customer
    assert run_dag("events", "next")["send_Shop-North"] == "success"
    sent = {"aisle": everything, "Shop-North": [(north, "CUP"), (north, "TEA")], "drinks": drinks}
    assert heard(models) == sent
    idle = run_dag("events", "idle")
    assert {idle[task] for task in ("send", "send_Shop-North", "send_drinks")} == {"skipped"}
    assert heard(models) == sent
    assert receipts(shop) == {("first", "sent"): 4, ("first", "drinks/sent"): 2, ("next", "Shop-North/sent"): 2}

    with psycopg.connect(shop.url) as connection:
        asked = "insert into identity.erasure_requests (user_id) values (%s) returning request_id"
        [(request_id,)] = connection.execute(asked, [north]).fetchall()
    assert set(run_dag("erase", "erased", request_id=str(request_id)).values()) == {"success"}
    assert heard(models) == {"aisle": [(south, "CUP"), (south, "TEA")], "Shop-North": [], "drinks": [(south, "TEA")]}
    assert set(shop.outbox("user_id")) == {south}


def receipts(shop: Any) -> dict[tuple[str, str], int]:
    with psycopg.connect(shop.url) as connection:
        query = "select run_key, subject, rows_out from ops.receipts where stage = 'events'"
        return {(run_key, subject): n_rows for run_key, subject, n_rows in connection.execute(query.encode())}


def test_a_group_that_fails_or_has_no_interactions_yet_keeps_no_other_waiting(
    shop: Any, make_order: MakeOrder, marts_of: Callable[..., None], model: Any, personalize: Any, s3: Any,
    bucket: str, engine_url: str, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    north = type(model)(personalize, s3, bucket, engine_url, "Shop-North")
    marts_of(shop, items=ITEMS, locations={1: "Peshawar"})
    shop.land(make_order(1))
    monkeypatch.setenv("AISLE_EVENTS__TRACKING_ID", "nobody's")
    get_settings.cache_clear()
    states = run_dag("events", "run")
    assert (states["send"], states["send_Shop-North"], states["send_drinks"]) == ("failed", "success", "skipped")
    assert states["outcome"] == "upstream_failed"
    assert len(north.events()) == 2
    assert model.events() == []
    names = [tracker["name"] for tracker in personalize.list_event_trackers()["eventTrackers"]]
    assert names == ["Shop-North-events"]
    assert set(shop.outbox("state", "dataset_group = 'drinks'")) == {"waiting"}


def test_the_tail_withdraws_what_waits_for_a_group_that_left_the_file(
    shop: Any, make_order: MakeOrder, describe_groups: Callable[[str], None], personalize: Any, run_dag: RunDag
) -> None:
    shop.land(make_order(1))
    describe_groups("groups: [{name: aisle, datasets: {interactions: {}}}]")
    states = run_dag("events", "without")
    assert set(states) == {"tail", "send", "outcome"}
    assert shop.outbox("dataset_group") == ["aisle"] * 2


def test_the_dag_of_several_groups_keeps_every_rule_and_each_task_writes_its_group_s_asset(run_dag: RunDag) -> None:
    from airflow.dag_processing.dagbag import DagBag

    from aisle.settings import PROJECT_ROOT
    from tools.dag_policy import violations

    file = PROJECT_ROOT / "dags" / "events.py"
    dag = DagBag(str(file)).dags["events"]
    assert violations(dag, file) == []
    written = {task.task_id: [asset.name for asset in task.outlets] for task in dag.tasks if task.outlets}
    assert written == {
        "send": ["events"], "send_Shop-North": ["Shop-North/events"], "send_drinks": ["drinks/events"],
    }  # fmt: skip
    assert dag.task_dict["outcome"].upstream_task_ids == {"tail", *written}
