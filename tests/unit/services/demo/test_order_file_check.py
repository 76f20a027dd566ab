"""A file of orders that cannot be used is told in one sentence before anything is started."""

from __future__ import annotations

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from aisle.settings import PROJECT_ROOT
from services.demo.program import check_orders
from services.terminal import TerminalConsole

HEADER = "order_id,ordered_at,product_id,quantity,unit_price\n"


@pytest.mark.parametrize("command", [["demo", "--once"], ["up"]])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER, "it has a header and no rows"),
        (HEADER.replace(",", ";") + "1;2026-01-05;A;1;1\n", "separated by semicolons"),
    ],
)
def test_the_command_says_what_is_wrong_and_starts_nothing(
    tmp_path: Path, command: list[str], content: str, said: str
) -> None:
    orders, root = tmp_path / "header_only.csv", tmp_path / "home"
    orders.write_text(content)
    ended = subprocess.run(
        [sys.executable, "-c", "from services.cli import main; main()", *command],
        env=os.environ | {"COMPANY_API_ORDERS": str(orders), "STACK_ROOT": str(root)},
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    printed = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert len(printed.strip().splitlines()) == 1
    assert str(orders) in printed
    assert said in printed
    assert "http" not in printed
    assert not root.exists()


def _told(monkeypatch: pytest.MonkeyPatch, orders: Path) -> str:
    monkeypatch.setenv("COMPANY_API_ORDERS", str(orders))
    file = StringIO()
    check_orders(TerminalConsole(file=file, width=80))
    return file.getvalue()


def test_what_there_is_to_say_of_rows_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = tmp_path / "orders.csv"
    orders.write_text(HEADER + "1,2026-01-05,A,1,1\n2,soon,A,1,1\n")
    assert "orders.csv, column ordered_at, row 3: " in _told(monkeypatch, orders)
    orders.write_text(HEADER + "1,2026-01-05,A,1,1\n")
    assert _told(monkeypatch, orders) == ""


def test_no_file_is_read_where_another_order_system_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_COMPANY_API_URL", "http://127.0.0.1:1")
    assert _told(monkeypatch, tmp_path / "nowhere.csv") == ""
