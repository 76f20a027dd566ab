"""A setting that cannot be used is reported in one line before anything starts, with its name and resolved path."""

from __future__ import annotations

from pathlib import Path

import pytest

from aisle.settings import PROJECT_ROOT, get_settings
from services.cli.program import run
from services.stack.preflight import check
from services.stack.supervisor import Stack

HEADER = "order_id,ordered_at,product_id,quantity,unit_price\n"
#: What stands in a file of the name that begins with "a ".
FILES = {
    "a empty.csv": HEADER,
    "a semicolons.csv": HEADER.replace(",", ";") + "1;2026-01-05;A;1;1\n",
    "a text.txt": "some text\n",
    "a resources.yaml": "groups: [",
    "a group.yaml": "groups:\n  - name: shop\n    nonsense: 1\n",
    "a pools.json": "[]",
    "a prices.toml": "= 3",
}
MISTAKES: dict[str, tuple[dict[str, str], str]] = {
    "unknown scale": ({"COMPANY_API_SCALE": "huge"}, "COMPANY_API_SCALE"),
    "seed that is no number": ({"COMPANY_API_SEED": "x"}, "COMPANY_API_SEED"),
    "orders that are not there": ({"COMPANY_API_ORDERS": "nowhere.csv"}, f"{PROJECT_ROOT}/nowhere.csv"),
    "orders that are a folder": ({"COMPANY_API_ORDERS": "docs"}, f"{PROJECT_ROOT}/docs: it is a folder"),
    "orders that are a text file": ({"COMPANY_API_ORDERS": "a text.txt"}, "a text.txt: files that end in .txt"),
    "orders without rows": ({"COMPANY_API_ORDERS": "a empty.csv"}, "it has a header and no rows"),
    "orders between semicolons": ({"COMPANY_API_ORDERS": "a semicolons.csv"}, "separated by semicolons"),
    "spoilt orders of a file": ({"COMPANY_API_ORDERS": "a empty.csv", "COMPANY_API_SPOILT": "1"}, "cannot be spoilt"),
    "port that is no number": ({"STACK_AIRFLOW_PORT": "http"}, "STACK_AIRFLOW_PORT"),
    "port out of range": ({"STACK_S3_PORT": "70000"}, "STACK_S3_PORT"),
    "two programs at a port": ({"STACK_S3_PORT": "8080"}, "STACK_AIRFLOW_PORT and STACK_S3_PORT are both 8080"),
    "number that is too small": ({"STACK_PARALLELISM": "0"}, "STACK_PARALLELISM"),
    "endpoint without a scheme": ({"STACK_S3_ENDPOINT_URL": "minio:9000"}, "STACK_S3_ENDPOINT_URL"),
    "order system without a scheme": ({"STACK_COMPANY_API_URL": "orders.example"}, "STACK_COMPANY_API_URL"),
    "other database": ({"STACK_POSTGRES_URL": "mysql://u:secret@h/d"}, "STACK_POSTGRES_URL"),
    "root that is a file": ({"STACK_ROOT": "README.md"}, f"{PROJECT_ROOT}/README.md"),
    "root that cannot be made": ({"STACK_ROOT": "/proc/aisle"}, "/proc/aisle"),
    "misspelt section": ({"AISLE_INGESTS__OVERLAP_HOURS": "1"}, "AISLE_INGESTS__OVERLAP_HOURS"),
    "misspelt field": ({"AISLE_INGEST__OVERLAP": "1"}, "AISLE_INGEST__OVERLAP"),
    "field out of range": ({"AISLE_RECOMMEND__NUM_RESULTS": "501"}, "AISLE_RECOMMEND__NUM_RESULTS"),
    "list that is no JSON": ({"AISLE_INGEST__IGNORED_MEMBERS": "total"}, "ingest"),
    "schedule that is none": ({"AISLE_SCHEDULES__TRAIN": "on Sundays"}, "AISLE_SCHEDULES__TRAIN"),
    "region without phones": ({"AISLE_IDENTITY__PHONE_REGION": "XX"}, "AISLE_IDENTITY__PHONE_REGION"),
    "resources that are not there": ({"AISLE_PERSONALIZE__RESOURCES_FILE": "no.yaml"}, f"{PROJECT_ROOT}/no.yaml"),
    "resources that are no YAML": ({"AISLE_PERSONALIZE__RESOURCES_FILE": "a resources.yaml"}, "a resources.yaml"),
    "resources with a misspelt field": ({"AISLE_PERSONALIZE__RESOURCES_FILE": "a group.yaml"}, "nonsense"),
    "pools that are not there": ({"STACK_POOLS_FILE": "no.json"}, f"{PROJECT_ROOT}/no.json"),
    "pools without one that tasks wait in": ({"STACK_POOLS_FILE": "a pools.json"}, "a pools.json"),
    "price list that is not there": ({"AISLE_COST__PRICE_LIST": "no.toml"}, f"{PROJECT_ROOT}/no.toml"),
    "price list that is no TOML": ({"AISLE_COST__PRICE_LIST": "a prices.toml"}, "a prices.toml"),
    "quotas of nobody": ({"ENGINE_QUOTAS": "all"}, "ENGINE_QUOTAS"),
    "pool of no connections": ({"SERVING_POOL_SIZE": "0"}, "SERVING_POOL_SIZE"),
}


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The root of a stack that nothing has started yet, and an environment that names no orders."""
    for name in ("COMPANY_API_SCALE", "COMPANY_API_ORDERS", "COMPANY_API_SPOILT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("STACK_ROOT", str(tmp_path / "root"))
    get_settings.cache_clear()
    return tmp_path / "root"


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Stack]:
    """The stacks that were started; none is."""
    started: list[Stack] = []
    monkeypatch.setattr(Stack, "start", started.append)
    return started


@pytest.mark.parametrize(("environment", "named"), MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("command", [["up"], ["demo", "--once"]], ids=["up", "demo"])
def test_a_mistake_is_reported_in_one_line_before_anything_starts(
    environment: dict[str, str], named: str, command: list[str], root: Path, tmp_path: Path, starts: list[Stack],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for variable, value in environment.items():
        if value in FILES:
            (tmp_path / value).write_text(FILES[value])
            value = str(tmp_path / value)
        monkeypatch.setenv(variable, value)
    status = run(command)
    printed = capsys.readouterr()
    assert status == 2
    assert len(printed.err.splitlines()) == 1
    assert named in printed.err
    assert "secret" not in printed.err
    assert printed.out == ""
    assert starts == []
    assert not root.exists()


def test_settings_without_a_mistake_say_nothing() -> None:
    assert check() == []


def test_what_there_is_to_say_of_rows_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders = tmp_path / "orders.csv"
    monkeypatch.setenv("COMPANY_API_ORDERS", str(orders))
    orders.write_text(HEADER + "1,2026-01-05,A,1,1\n2,soon,A,1,1\n")
    (note,) = check()
    assert note.startswith("orders.csv, column ordered_at, row 3: ")
    orders.write_text(HEADER + "1,2026-01-05,A,1,1\n")
    assert check() == []


def test_no_file_is_read_where_another_order_system_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK_COMPANY_API_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("COMPANY_API_ORDERS", str(tmp_path / "nowhere.csv"))
    assert check() == []


@pytest.mark.parametrize("command", [["psql"], ["token"], ["down"]], ids=" ".join)
def test_commands_that_look_for_a_stack_name_the_setting_that_keeps_them_from_it(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STACK_ENGINE_PORT", "eight thousand")
    assert run(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "STACK_ENGINE_PORT" in line
