"""The serving API over real HTTP, and the JavaScript client in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.migrations import upgrade
from services.serving import kit
from tests.scripted_api import ScriptedApi, scripted_api
from tests.served_api import served_api
from tests.serving_shop import Shop

JAVASCRIPT = Path(kit.__file__).with_name("aisle.js")


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    upgrade(warehouse_url)
    with ExitStack() as opened:
        yield Shop(warehouse_url, opened)


@pytest.fixture
def serve(shop: Shop) -> Iterator[Callable[..., str]]:
    """Start the API over the shop with further settings; return its address."""
    with ExitStack() as running:

        def start(**settings: Any) -> str:
            return running.enter_context(served_api(database_url=shop.url, **settings))

        yield start


@pytest.fixture
def run_javascript(tmp_path: Path) -> Callable[[str, str], Any]:
    """Run statements in Node, where `createClient`, `AisleError` and `url` are known; return what they return."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node on this machine: install nodejs to run the JavaScript client outside of a browser")

    def run(url: str, statements: str) -> Any:
        module = tmp_path / "aisle.mjs"
        module.write_text(JAVASCRIPT.read_text())
        script = f"""
            import {{ AisleError, createClient }} from {json.dumps(str(module))};
            const url = {json.dumps(url)};
            const result = await (async () => {{ {statements} }})();
            console.log(JSON.stringify(result ?? null));
        """
        ended = subprocess.run(
            [node, "--input-type=module", "--eval", script], capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout.splitlines()[-1])

    return run


@pytest.fixture
def scripted() -> Iterator[ScriptedApi]:
    """An API that answers as it is told to."""
    with scripted_api() as api:
        yield api


def stored(shop: Shop, table: str, columns: str, order: str = "occurred_at") -> list[tuple[Any, ...]]:
    with psycopg.connect(shop.url) as connection:
        return connection.execute(f"select {columns} from serving.{table} order by {order}".encode()).fetchall()
