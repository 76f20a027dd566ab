"""Faults strike when, where and as often as they are armed for, one per request, and the list says how often."""

import json
from itertools import pairwise
from types import SimpleNamespace

import msgspec
import pytest
from fastapi.testclient import TestClient

from aisle.contracts.company_orders import Order
from aisle.errors import ConfigurationError
from services.company_api import faults
from services.company_api.app import create_app
from services.company_api.settings import CompanyApiSettings

TOKEN = "a-token-of-the-tests"
ALL = {"start_date": "2024-07-01", "end_date": "2026-07-01", "limit": 20}


def client_of(**settings: object) -> TestClient:
    app = create_app(CompanyApiSettings(token=TOKEN, scale="tiny", **settings))
    return TestClient(app, "http://localhost", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def api() -> TestClient:
    return client_of()


def arm(api: TestClient, *faults: dict) -> None:
    assert api.post("/faults", json=list(faults)).status_code == 201


def get(api, source="pos", **query):
    return api.get(f"/get_{source}_orders", params={**ALL, **query})


def data(api, source="pos", **query):
    return get(api, source, **query).json()["data"]


def statuses(api, requests, source="pos"):
    return [get(api, source).status_code for _ in range(requests)]


def test_throttling_says_when_to_come_back(api):
    arm(api, {"kind": "throttle", "retry_after_seconds": 3})
    throttled, then = get(api), get(api)
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "3")
    assert then.status_code == 200


def test_a_fault_skips_the_first_requests_and_strikes_the_given_number_of_times(api):
    arm(api, {"kind": "error", "after": 2, "times": 3})
    assert statuses(api, 7) == [200, 200, 500, 500, 500, 200, 200]


def test_a_fault_without_end_strikes_until_it_is_cleared(api):
    arm(api, {"kind": "error", "times": None})
    assert statuses(api, 5) == [500] * 5
    assert api.delete("/faults").status_code == 204
    assert statuses(api, 2) == [200, 200]


def test_a_fault_of_one_source_leaves_the_other_alone(api):
    arm(api, {"kind": "error", "source": "oe"})
    assert statuses(api, 2, "pos") == [200, 200]
    assert statuses(api, 2, "oe") == [500, 200]


def test_a_list_of_faults_is_a_script_one_per_request(api):
    arm(api, {"kind": "throttle"}, {"kind": "error", "times": 2})
    assert statuses(api, 4) == [429, 500, 500, 200]


def test_the_list_tells_how_often_each_fault_has_struck(api):
    arm(api, {"kind": "throttle"}, {"kind": "error", "times": None})
    statuses(api, 3)
    assert [(fault["kind"], fault["struck"]) for fault in api.get("/faults").json()] == [("throttle", 1), ("error", 2)]


def test_a_slow_answer_is_late_but_right(api, monkeypatch):
    usual, delays = get(api), []

    async def sleep(seconds):
        delays.append(seconds)

    arm(api, {"kind": "slow", "seconds": 2.5})
    monkeypatch.setattr(faults, "asyncio", SimpleNamespace(sleep=sleep))
    late = get(api)
    assert delays == [2.5]
    assert late.content == usual.content


def test_a_body_cut_off_with_an_honest_length_is_no_json(api):
    whole = get(api).content
    arm(api, {"kind": "cut_off", "declares": "sent"})
    broken = get(api)
    assert broken.content == whole[: len(whole) // 2]
    with pytest.raises(json.JSONDecodeError):
        broken.json()


@pytest.mark.parametrize(("breaks", "at"), [("price", r"\$\[0\].items\[0\].price"), ("order_id", r"order_id")])
def test_a_malformed_order_breaks_the_contract_and_its_neighbours_do_not(api, breaks, at):
    usual = data(api)
    arm(api, {"kind": "malformed_order", "breaks": breaks, "order_id": usual[3]["order_id"]})
    bent = data(api)
    assert bent[:3] + bent[4:] == usual[:3] + usual[4:]
    with pytest.raises(msgspec.ValidationError, match=at):
        msgspec.convert([bent[3]], list[Order])
    assert len(bent[3]["items"]) == len(usual[3]["items"])
    assert data(api) == usual


def test_a_fault_with_an_order_waits_for_the_page_that_holds_it(api):
    order_id = data(api, page=3)[5]["order_id"]
    arm(api, {"kind": "error", "order_id": order_id})
    assert [get(api, page=page).status_code for page in (1, 2, 3, 3)] == [200, 200, 500, 200]


def test_a_duplicate_page_sends_every_order_twice(api):
    usual = data(api)
    arm(api, {"kind": "duplicate_page"})
    assert data(api) == usual * 2
    assert data(api) == usual


def test_a_repeated_previous_page_leads_back_to_the_page_it_stands_for(api):
    first = get(api).json()
    second = get(api, cursor=first["next_cursor"]).json()
    arm(api, {"kind": "duplicate_page", "repeats": "previous"})
    repeated = get(api, cursor=first["next_cursor"]).json()
    assert repeated["data"] == first["data"]
    assert get(api, cursor=repeated["next_cursor"]).json() == second


@pytest.mark.parametrize("kind", ["malformed_order", "duplicate_page", "late_edit", "cancel"])
def test_a_fault_of_orders_waits_for_a_page_that_has_some(api, kind):
    arm(api, {"kind": kind})
    assert data(api, end_date="2024-07-01") == []
    assert api.get("/faults").json()[0]["struck"] == 0


@pytest.mark.parametrize(
    ("fault", "changed"),
    [
        ({"kind": "late_edit", "city": "Gwadar"}, {"city"}),
        ({"kind": "late_edit", "quantity": 40}, {"items", "total"}),
        ({"kind": "late_edit"}, {"items", "total"}),
        ({"kind": "cancel"}, {"status"}),
    ],
)
def test_an_edit_changes_one_order_for_all_later_answers(api, fault, changed):
    before = {order["order_id"]: order for order in data(api)}
    edited = next(
        order["order_id"] for order in before.values() if order["status"] == "completed" and order["city"] != "Gwadar"
    )
    arm(api, {**fault, "order_id": edited})
    answers = [{order["order_id"]: order for order in data(api)} for _ in range(3)]
    assert all(answer == other for answer, other in pairwise(answers))
    different = {
        (order_id, key)
        for order_id in before
        for key in before[order_id]
        if answers[0][order_id][key] != before[order_id][key]
    }
    assert different == {(edited, key) for key in changed | {"updated_at"}}
    assert answers[0][edited]["updated_at"] > before[edited]["updated_at"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[{"kind": "flood"}]', "'flood' - at `$[0].kind`"),
        ('[{"kind": "error", "time": 2}]', "`time`"),
        ('[{"kind": "error", "times": 0}]', "$[0].times"),
        ('[{"kind": "cancel", "order_id": "POS-999"}]', "no order 'POS-999'"),
        ('{"kind": "error"}', "Expected `array`"),
        ("what", "malformed"),
    ],
)
def test_a_fault_nobody_knows_is_refused_and_nothing_is_armed(api, body, said):
    answer = api.post("/faults", content=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"][0]["msg"]
    assert api.get("/faults").json() == []


def test_faults_can_be_armed_at_start():
    assert statuses(client_of(faults='[{"kind": "error"}]'), 2) == [500, 200]


def test_bad_faults_at_start_stop_the_server():
    with pytest.raises(ConfigurationError, match="flood"):
        client_of(faults='[{"kind": "flood"}]')
