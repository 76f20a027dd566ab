from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from aisle.settings import PROJECT_ROOT

PROGRAMS = ("engine", "company_api", "serving", "reports")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each program cannot start without."""
    for name, value in {
        "COMPANY_API_TOKEN": "token",
        "COMPANY_API_SCALE": "tiny",
        "ENGINE_DATA_DIR": str(tmp_path / "engine"),
        "REPORTS_DIRECTORY": str(tmp_path / "site"),
        "REPORTS_PASSWORD": "password",
        "SERVING_DATABASE_URL": "postgresql://localhost/warehouse",
        "SERVING_API_KEY_HASHES": "0" * 64,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_server_keeps_idle_connections_for_more_than_a_minute(
    program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[dict[str, Any]] = []
    monkeypatch.setattr(uvicorn, "run", lambda _app, **options: started.append(options))
    monkeypatch.setattr("gc.freeze", lambda: None)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)
    monkeypatch.setattr("structlog.configure", lambda **_: None)
    monkeypatch.setattr(sys, "argv", [program])
    importlib.import_module(f"services.{program}.__main__").main()
    (options,) = started
    assert options["timeout_keep_alive"] > 60


def test_nothing_else_starts_a_server() -> None:
    sources = [path for path in (PROJECT_ROOT / "services").rglob("*.py") if "import uvicorn" in path.read_text()]
    assert sources == [PROJECT_ROOT / "services" / "server.py"]
