"""The program itself, over real HTTP: settings, broken connections, real orders, and reference scale."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
import pytest

from tests.waiting import wait_for_server

TOKEN = "a-token-of-the-tests"
ALL = {"start_date": "2000-01-01", "end_date": "2030-01-01"}
ROOT = Path(__file__).parents[3]


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "services.company_api", *options]


@contextmanager
def served(**environment: str) -> Iterator[tuple[httpx.Client, int]]:
    """A running server, set up by its environment alone: a client of it, and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    settings = {f"COMPANY_API_{name.upper()}": value for name, value in environment.items()}
    server = subprocess.Popen(
        command("--port", port), cwd=ROOT, env={**os.environ, "COMPANY_API_TOKEN": TOKEN, **settings},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {TOKEN}"}
    try:
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            wait_for_server(f"{url}/health", server)
            yield client, server.pid
    finally:
        server.terminate()
        server.wait(120)


class _Order(msgspec.Struct):
    items: list[msgspec.Raw]


class _Answer(msgspec.Struct):
    data: list[_Order]
    next_cursor: str | None


def count_items(client: httpx.Client, source: str) -> tuple[int, int]:
    orders, items, cursor = 0, 0, {}
    while True:
        body = client.get(f"/get_{source}_orders", params={**ALL, "limit": 1000, **cursor}).raise_for_status().content
        answer = msgspec.json.decode(body, type=_Answer)
        orders += len(answer.data)
        items += sum(len(order.items) for order in answer.data)
        if answer.next_cursor is None:
            return orders, items
        cursor = {"cursor": answer.next_cursor}


@pytest.fixture(scope="module")
def tiny() -> Iterator[httpx.Client]:
    with served(scale="tiny") as (client, _):
        yield client


def test_a_body_cut_off_under_its_length_breaks_the_connection_and_the_next_is_whole(tiny):
    tiny.post("/faults", json=[{"kind": "cut_off", "declares": "whole"}]).raise_for_status()
    with pytest.raises(httpx.RemoteProtocolError):
        tiny.get("/get_pos_orders", params=ALL)
    assert len(tiny.get("/get_pos_orders", params=ALL).json()["data"]) == 100


def test_a_body_cut_off_with_an_honest_length_arrives_and_is_no_json(tiny):
    tiny.post("/faults", json=[{"kind": "cut_off", "declares": "sent"}]).raise_for_status()
    broken = tiny.get("/get_pos_orders", params=ALL)
    with pytest.raises(json.JSONDecodeError):
        broken.json()


def test_an_answer_carries_the_request_id_it_was_asked_with(tiny):
    answer = tiny.get("/get_oe_orders", params=ALL, headers={"X-Request-ID": "run-7"})
    assert answer.headers["X-Request-ID"] == "run-7"


def test_late_pages_of_the_reference_scale_cost_no_more_than_early_ones_and_all_fit_in_little_memory():
    with served(scale="reference") as (client, process):
        health = client.get("/health").json()
        _cpu_seconds(client, process, range(1, 11))  # what only the first pages pay for
        early, late = (_cpu_seconds(client, process, pages) for pages in (range(1, 21), range(80, 100)))
        peak_bytes = _peak_bytes(process)
    assert (health["orders"], health["order_lines"]) == (234_959, 1_971_527)
    assert (health["customers"], health["products"]) == (180_483, 4_182)
    assert late < 3 * early
    assert peak_bytes < 1_500_000_000


def _peak_bytes(process: int) -> int:
    (line,) = (line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def _cpu_seconds(client: httpx.Client, process: int, pages: Iterable[int]) -> float:
    """CPU time that the server takes for these pages: it stands still while others have the machine."""
    before = _cpu_ticks(process)
    for page in pages:
        client.get("/get_pos_orders", params={**ALL, "limit": 1000, "page": page}).raise_for_status()
    return (_cpu_ticks(process) - before) / os.sysconf("SC_CLK_TCK")


def _cpu_ticks(process: int) -> int:
    user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return int(user) + int(system)


def test_every_row_of_the_real_data_set_comes_out_as_one_item(datasets):
    with served(orders=str(datasets / "online_retail" / "online_retail_two_years.parquet")) as (client, _):
        health = client.get("/health").json()
        counted = [count_items(client, source) for source in ("pos", "oe")]
    assert counted == [(0, 0), (53_628, 1_044_847)]
    assert health["source_rows"] == health["order_lines"] == 1_044_847
    assert (health["customers"], health["products"]) == (5_942, 5_305)


@pytest.mark.parametrize(
    ("options", "said", "status"),
    [
        ((), "COMPANY_API_TOKEN: ", 2),
        (("--token", "t", "--scale", "huge"), "COMPANY_API_SCALE: ", 2),
        (("--token", "t", "--orders", "nowhere.csv"), "nowhere.csv: there is no such file", 1),
        (("--token", "t", "--scale", "tiny", "--faults", "[{}]"), "kind", 1),
    ],
)
def test_unusable_settings_end_the_program_with_one_clear_line(options, said, status):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COMPANY_API_")}
    ended = subprocess.run(command(*options), cwd=ROOT, env=clean, capture_output=True, text=True, check=False)
    assert ended.returncode == status
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
