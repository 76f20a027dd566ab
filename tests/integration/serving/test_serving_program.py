from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from aisle.batch.ranking import Subject
from aisle.batch.records import Record
from aisle.cache.generations import Generation, switch
from aisle.cache.staging import stage
from aisle.groups.dataset_group import dataset_groups
from services.stack.postgres import free_port
from tests.waiting import wait_for_server

FIRST = dataset_groups()[0]

KEY = "a-key-of-the-tests"


@contextmanager
def serving(database_url: str, log: Path, **more: str) -> Iterator[httpx.Client]:
    """The program itself, and a client that has a key."""
    port = free_port()
    environment = {
        **os.environ,
        "SERVING_DATABASE_URL": database_url,
        "SERVING_API_KEY_HASHES": hashlib.sha256(KEY.encode()).hexdigest(),
        "SERVING_PORT": str(port),
        **more,
    }
    with log.open("w") as stderr:
        program = subprocess.Popen([sys.executable, "-m", "services.serving"], env=environment, stderr=stderr)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"X-API-Key": KEY}) as client:
            wait_for_server(f"http://127.0.0.1:{port}/health/live", program, log)
            yield client
    finally:
        program.terminate()
        program.wait(timeout=120)


def publish(url: str, generation: str) -> None:
    subjects: tuple[tuple[Subject, str, str], ...] = (("users", "userId", "u-secret"), ("items", "itemId", "i1"))
    for subject, name, key in subjects:
        line = {"input": {name: key}, "output": {"recommendedItems": ["p1", "p2"]}}
        stage([Record("x.out", 1, json.dumps(line).encode())], subject, generation, "engine", FIRST, url)
    counts = {"user_lists": 1, "item_lists": 1, "users_asked": 1, "items_asked": 1}
    switch(Generation(generation=generation, solution_versions={}, **counts), FIRST, url)


def test_the_program_serves_each_generation_as_soon_as_it_is_live(warehouse_url: str, tmp_path: Path) -> None:
    with serving(warehouse_url, tmp_path / "log") as client:
        assert client.get("/health/ready").json()["error"]["code"] == "cache_empty"
        for generation in ("g1", "g2"):
            publish(warehouse_url, generation)
            assert client.get("/health/ready").json()["generation"] == generation
            answer = client.get("/api/v1/recommendations/u-secret", params={"limit": 1}).json()
            assert (answer["generation"], answer["score_kind"], answer["is_stale"]) == (generation, "rank", False)
            assert answer["items"] == [
                {"item_id": "p1", "score": 1.0, "relative_score": 1.0, "reason": None, "pick": None}
            ]
        last = client.get("/api/v1/similar/i1")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    requests = [line for line in lines if line["event"] == "request"]
    assert requests[-1]["request_id"] == last.headers["X-Request-ID"]
    assert requests[-1]["route"] == "/api/v1/similar/{item_id:path}"
    assert "u-secret" not in (tmp_path / "log").read_text()


def test_the_program_starts_without_a_database_and_says_what_is_missing(tmp_path: Path) -> None:
    with serving(f"postgresql://nobody@127.0.0.1:{free_port()}/nothing", tmp_path / "log") as client:
        answer = client.get("/health/ready")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "database_unreachable")
        assert "PostgreSQL" in answer.json()["error"]["message"]
        assert client.get("/health/live").status_code == 200


def test_the_program_refuses_to_start_without_keys() -> None:
    environment = {**os.environ, "SERVING_DATABASE_URL": "postgresql://nowhere"}
    refused = subprocess.run(
        [sys.executable, "-m", "services.serving"], env=environment, capture_output=True, text=True
    )
    assert refused.returncode == 2
    assert "SERVING_API_KEY_HASHES" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_several_processes_answer_as_one_and_count_together(warehouse_url: str, tmp_path: Path) -> None:
    publish(warehouse_url, "g1")
    with serving(warehouse_url, tmp_path / "log", SERVING_WORKERS="2") as client:
        for _ in range(12):
            with httpx.Client(base_url=client.base_url, headers=client.headers) as fresh:  # a connection of its own
                assert fresh.get("/api/v1/recommendations/u-secret").json()["generation"] == "g1"
        counted = client.get("/metrics").text
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert len([line for line in lines if line.get("route") == "/api/v1/recommendations/{user_id:path}"]) == 12
    assert 'aisle_serving_answers_total{question="user",source="cache"} 12.0' in counted
