"""The two endpoints: who may ask, what may be asked, and that pages together are the window, once each."""

from datetime import datetime

import httpx
import pytest
from fastapi.testclient import TestClient

from services.company_api.app import create_app
from services.company_api.settings import CompanyApiSettings

TOKEN = "a-token-of-the-tests"
ALL = {"start_date": "2024-07-01", "end_date": "2026-07-01"}


def client_of(**settings: object) -> TestClient:
    app = create_app(CompanyApiSettings(token=TOKEN, scale="tiny", **settings))
    return TestClient(app, "http://localhost", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
def api() -> TestClient:
    return client_of()


def get(api: TestClient, source: str = "pos", **query: object) -> httpx.Response:
    return api.get(f"/get_{source}_orders", params={**ALL, **query})


def follow_cursor(api: TestClient, source: str, **query: object) -> list[dict]:
    orders, cursor = [], None
    while True:
        answer = get(api, source, **query, **({"cursor": cursor} if cursor else {})).json()
        orders += answer["data"]
        cursor = answer["next_cursor"]
        if cursor is None:
            return orders


def follow_pages(api: TestClient, source: str, **query: object) -> list[dict]:
    orders, page = [], 1
    while answer := get(api, source, page=page, shape="list", **query).json():
        orders += answer
        page += 1
    return orders


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
@pytest.mark.parametrize("path", ["/get_pos_orders", "/get_oe_orders", "/faults"])
def test_without_the_token_there_is_no_answer(api, path, header):
    answer = TestClient(api.app, "http://localhost", headers=header).get(path, params={"nonsense": 1})
    assert answer.status_code == 401
    assert "Authorization" in answer.json()["detail"]


def test_health_needs_no_token_and_counts_what_is_served(api):
    health = TestClient(api.app, "http://localhost").get("/health").json()
    served = [order for source in ("pos", "oe") for order in follow_cursor(api, source, limit=1000)]
    assert health["status"] == "ok"
    assert health["orders"] == len(served)
    assert health["order_lines"] == health["source_rows"] == sum(len(order["items"]) for order in served)
    times = sorted(datetime.fromisoformat(order["order_date"]) for order in served)
    assert datetime.fromisoformat(health["first_order_at"]) == times[0]
    assert datetime.fromisoformat(health["last_order_at"]) == times[-1]


def test_two_servers_of_one_seed_give_identical_bodies(api):
    other = client_of(seed=7)
    assert get(api, limit=1000).content == get(other, limit=1000).content
    assert get(api, limit=1000).content != get(client_of(seed=8), limit=1000).content


@pytest.mark.parametrize("source", ["pos", "oe"])
@pytest.mark.parametrize("limit", [7, 100, 1000])
def test_cursor_and_pages_both_give_every_order_once_and_sorted(api, source, limit):
    orders = follow_cursor(api, source, limit=limit)
    keys = [(order["order_date"], order["order_id"]) for order in orders]
    assert len(orders) > 100
    assert keys == sorted(set(keys))
    assert follow_pages(api, source, limit=limit) == orders


def test_windows_that_touch_share_no_order_and_lose_none(api):
    whole = follow_cursor(api, "pos")
    boundary = whole[len(whole) // 2]["order_date"]
    before, after = (follow_cursor(api, "pos", **{edge: boundary}) for edge in ("end_date", "start_date"))
    assert before + after == whole
    assert after[0]["order_date"] == boundary


def test_a_limit_is_a_hundred_unless_asked(api):
    assert len(get(api).json()["data"]) == 100


def test_a_window_without_orders_and_a_page_behind_the_last_are_empty(api):
    assert get(api, end_date="2024-07-01").json() == {"data": [], "next_cursor": None}
    assert get(api, page=10_000).json() == {"data": [], "next_cursor": None}


def test_the_server_can_speak_in_bare_lists_by_itself(api):
    assert client_of(shape="list").get("/get_pos_orders", params=ALL).json() == get(api).json()["data"]


def test_a_capped_server_sends_fewer_orders_than_asked_but_all_of_them_in_the_end(api):
    capped = client_of(page_cap=50)
    assert len(get(capped, limit=1000).json()["data"]) == 50
    assert follow_pages(capped, "pos", limit=1000) == follow_pages(api, "pos", limit=1000)


@pytest.mark.parametrize(
    ("query", "where", "what"),
    [
        ({"limit": 1001}, ["query", "limit"], "less than or equal to 1000"),
        ({"limit": 0}, ["query", "limit"], "greater than or equal to 1"),
        ({"page": 0}, ["query", "page"], "greater than or equal to 1"),
        ({"start_date": "yesterday"}, ["query", "start_date"], "ISO 8601"),
        ({"start_date": "2024-07-01T00:00:00 00:00"}, ["query", "start_date"], "%2B"),
        ({"end_date": "2024-06-30"}, ["query"], "end_date lies before start_date"),
        ({"cursor": "none-of-ours"}, ["query", "cursor"], "none of this server's"),
        ({"cursor": "b3JkZXI6OTk5OTk5"}, ["query", "cursor"], "another window"),
        ({"cursor": "b3JkZXI6MQ", "page": 2}, ["query"], "cursor stands alone"),
        ({"cursor": "b3JkZXI6MQ", "shape": "list"}, ["query"], "cursor stands alone"),
        ({"startdate": "2024-07-01"}, ["query", "startdate"], "not permitted"),
    ],
)
def test_a_bad_parameter_is_refused_with_where_and_what(api, query, where, what):
    answer = get(api, **query)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert problem["loc"] == where
    assert what in problem["msg"]


def test_a_missing_date_is_refused_by_name(api):
    answer = api.get("/get_pos_orders", params={"start_date": "2024-07-01"})
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["query", "end_date"])


def test_a_missing_number_is_null_on_the_wire(api):
    items = [item for source in ("pos", "oe") for order in follow_cursor(api, source) for item in order["items"]]
    assert any(item["quantity"] is None for item in items)
    assert any(item["price"] is None for item in items)
