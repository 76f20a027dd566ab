from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from aisle.errors import CompanyApiUnavailable, ConfigurationError, ContractBroken, Throttled
from aisle.orders.windows import Window
from aisle.sources import source_named

POS = source_named("pos")
WINDOW = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def ids(api: Any, window: Window = WINDOW) -> list[str]:
    with api:
        return [json.loads(bytes(order))["order_id"] for page in api.pages(POS, window) for order in page.orders]


@pytest.mark.parametrize("shape", ["cursor", "list"])
def test_a_server_that_caps_the_limit_is_followed_to_its_end(company: Any, client: Any, shape: str) -> None:
    company.sell(250)
    company.shape = shape
    assert ids(client(page_orders=1000)) == [order["order_id"] for order in company.pos]
    assert company.requests[0][1]["limit"] == "1000"


def test_a_short_page_of_a_bare_list_is_not_taken_for_the_last(company: Any, client: Any) -> None:
    company.sell(30)
    company.shape, company.largest_page = "list", 7
    assert len(ids(client(page_orders=10))) == 30


def test_an_envelope_without_a_cursor_is_read_by_page_number(company: Any, client: Any) -> None:
    company.sell(3)
    company.shape = "list"
    company.answer_with(json.dumps({"data": company.pos[:2]}).encode())
    company.largest_page = 2
    assert ids(client()) == ["A0000", "A0001", "A0002"]


@pytest.mark.parametrize("fault", ["cut_off", "halve_json", "error"])
def test_a_page_that_is_not_whole_is_asked_for_again(company: Any, client: Any, fault: str) -> None:
    company.sell(150)
    company.behave()
    company.answer_status(500, times=2) if fault == "error" else getattr(company, fault)(times=2)
    assert len(ids(client())) == 150
    assert len(company.requests) == 4


@pytest.mark.parametrize("fault", ["cut_off", "halve_json"])
def test_a_page_that_never_comes_whole_names_endpoint_window_and_page(company: Any, client: Any, fault: str) -> None:
    company.sell(150)
    company.behave()
    getattr(company, fault)(times=3)
    with pytest.raises(CompanyApiUnavailable, match=r"GET /get_pos_orders of window \[2026-01-01.*page 2"):
        ids(client())


def test_the_error_after_the_last_try_names_the_status(company: Any, client: Any) -> None:
    company.answer_status(503, times=3)
    with pytest.raises(CompanyApiUnavailable, match="status 503"):
        ids(client())
    assert len(company.requests) == 3


def test_a_server_that_is_down_is_named(client: Any, company: Any) -> None:
    company.url = "http://127.0.0.1:9"
    with pytest.raises(CompanyApiUnavailable, match="ConnectError"):
        ids(client())


def test_a_slow_answer_is_given_up_and_asked_for_again(company: Any, client: Any) -> None:
    company.sell(1)
    is_given_up = threading.Event()
    company.misbehaviours.append(lambda *_: is_given_up.wait(120))
    assert ids(client(timeout_seconds=0.2)) == ["A0000"]
    is_given_up.set()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that a client would make, in seconds; it makes none."""
    made: list[float] = []
    monkeypatch.setattr("tenacity.nap.time", SimpleNamespace(sleep=made.append))
    return made


@pytest.mark.parametrize(("header", "least", "longest"), [("0.3", 0.3, 0.4), ("7", 7, 7.1), ("date", 1, 50)])
def test_throttling_is_waited_out_as_long_as_the_server_says(
    company: Any, client: Any, pauses: list[float], header: str, least: float, longest: float
) -> None:
    company.sell(1)
    if header == "date":
        header = f"{datetime.now(UTC) + timedelta(seconds=50):%a, %d %b %Y %H:%M:%S GMT}"
    company.answer_status(429, Retry_After=header)
    assert ids(client()) == ["A0000"]
    (pause,) = pauses
    assert least <= pause <= longest


def test_endless_throttling_is_distinguished_from_failure(company: Any, client: Any) -> None:
    company.answer_status(429, times=3, Retry_After="0")
    with pytest.raises(Throttled) as raised:
        ids(client())
    assert raised.value.retry_after_seconds == 0


def test_a_pause_longer_than_a_worker_should_be_held_ends_the_pull(company: Any, client: Any) -> None:
    company.answer_status(429, Retry_After="3600")
    with pytest.raises(Throttled) as raised:
        ids(client())
    assert raised.value.retry_after_seconds == 3600
    assert len(company.requests) == 1


def test_a_wrong_token_is_not_tried_twice(company: Any, client: Any) -> None:
    company.answer_status(401)
    with pytest.raises(ConfigurationError, match="connection company_api"):
        ids(client())
    assert len(company.requests) == 1


@pytest.mark.parametrize("body", [b'{"orders": []}', b'"no orders"', b"17"])
def test_an_answer_of_another_shape_breaks_the_contract_at_once(company: Any, client: Any, body: bytes) -> None:
    company.answer_with(body)
    with pytest.raises(ContractBroken, match="page 1"):
        ids(client())
    assert len(company.requests) == 1


def test_a_page_repeated_once_is_asked_for_again_and_nothing_is_lost(company: Any, client: Any) -> None:
    company.sell(150)
    company.shape = "list"
    company.behave()
    company.answer_with(json.dumps(company.pos[:100]).encode())
    assert len(ids(client())) == 150


def test_a_server_that_ignores_the_page_number_is_an_error_and_no_endless_loop(company: Any, client: Any) -> None:
    company.sell(150)
    company.answer_with(json.dumps(company.pos[:100]).encode(), times=50)
    with pytest.raises(CompanyApiUnavailable, match="orders of an earlier page"):
        ids(client())


def test_a_cursor_that_points_back_is_an_error_and_no_endless_loop(company: Any, client: Any) -> None:
    company.sell(4)
    for orders in [company.pos[:2], company.pos[2:]] * 10:
        company.answer_with(json.dumps({"data": orders, "next_cursor": "0"}).encode())
    with pytest.raises(CompanyApiUnavailable, match="orders of an earlier page"):
        ids(client())
