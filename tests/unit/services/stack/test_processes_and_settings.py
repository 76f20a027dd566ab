"""Which home, which endpoint, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aisle.errors import ConfigurationError, RetryableError
from aisle.settings import get_settings
from services.cli import app
from services.stack.blueprint import Addresses, Component, beside_airflow, endpoint
from services.stack.postgres import free_port, libpq_environment
from services.stack.processes import MARK, Program, count_marked, environment_of, stop_all, sweep
from services.stack.running import EndedStack, NoStack, end_stack, running_stack
from services.stack.secrets import StackSecrets
from services.stack.settings import StackSettings
from services.stack.supervisor import Stack
from tests.waiting import wait_for


def test_each_set_of_orders_has_its_own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STACK_ROOT", str(tmp_path))
    monkeypatch.delenv("COMPANY_API_SCALE", raising=False)
    monkeypatch.delenv("COMPANY_API_ORDERS", raising=False)
    assert StackSettings().home == tmp_path / "small"
    monkeypatch.setenv("COMPANY_API_SCALE", "reference")
    assert StackSettings().home == tmp_path / "reference"
    monkeypatch.setenv("COMPANY_API_SPOILT", "1")
    assert StackSettings().home == tmp_path / "reference-spoilt"
    monkeypatch.setenv("COMPANY_API_SPOILT", "0")
    assert StackSettings().home == tmp_path / "reference"
    monkeypatch.setenv("COMPANY_API_ORDERS", "somewhere/orders.csv")
    first = StackSettings().home
    monkeypatch.setenv("COMPANY_API_ORDERS", "elsewhere/orders.csv")
    assert first.name.startswith("orders-")
    assert StackSettings().home != first


@pytest.mark.parametrize(
    ("given", "meant"), [("", "http://embedded"), ("aws", ""), ("http://own:9000", "http://own:9000")]
)
def test_one_setting_replaces_an_endpoint(given: str, meant: str) -> None:
    assert endpoint(given, "http://embedded") == meant


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    kept = tmp_path / "home" / "secrets.json"
    made = StackSecrets.kept_in(kept)
    assert StackSecrets.kept_in(kept) == made
    assert kept.stat().st_mode & 0o077 == 0
    assert made != StackSecrets.make()


def test_a_home_of_an_earlier_version_keeps_its_secrets_and_gets_those_that_it_lacks(tmp_path: Path) -> None:
    kept = tmp_path / "secrets.json"
    earlier = asdict(StackSecrets.make())
    for name in ("admin_password", "aws_access_key", "aws_secret_key", "reader_password"):
        del earlier[name]
    kept.write_text(json.dumps(earlier))
    made = asdict(StackSecrets.kept_in(kept))
    assert {name: made[name] for name in earlier} == earlier
    assert all(made.values())
    assert asdict(StackSecrets.kept_in(kept)) == made
    assert kept.stat().st_mode & 0o077 == 0


def test_a_home_is_closed_to_others_also_one_that_was_open(tmp_path: Path) -> None:
    new = StackSettings(root=tmp_path / "new")
    assert Stack(new).home.stat().st_mode & 0o077 == 0
    was_open = StackSettings(root=tmp_path / "open", postgres_url="postgresql://127.0.0.1:1/none")
    was_open.home.mkdir(mode=0o755, parents=True)
    with pytest.raises(ConfigurationError):
        Stack(was_open).start()
    assert was_open.home.stat().st_mode & 0o077 == 0


def test_attaching_leaves_the_socket_that_the_running_postgresql_needs(tmp_path: Path) -> None:
    settings = StackSettings(root=tmp_path)
    settings.home.mkdir(parents=True)
    settings.home.chmod(0o711)
    assert Stack(settings).home.stat().st_mode & 0o777 == 0o711


def test_what_the_caller_set_for_aisle_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AISLE_PERSONALIZE__POLL_SECONDS", "7")
    monkeypatch.setenv("ENGINE_PORT", "1")
    environment = environment_of({"AISLE_PERSONALIZE__POLL_SECONDS": "2", "ENGINE_PORT": "8002"}, tmp_path)
    assert environment["AISLE_PERSONALIZE__POLL_SECONDS"] == "7"
    assert environment["ENGINE_PORT"] == "8002"
    assert environment[MARK] == str(tmp_path)


def test_a_configured_bucket_is_the_engines_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AISLE_STORAGE__BUCKET", "shop")
    get_settings.cache_clear()
    at = Addresses(**dict.fromkeys(Addresses.__dataclass_fields__, ""))  # type: ignore[arg-type]
    (engine,) = [
        component for component in beside_airflow(at, StackSecrets.make(), tmp_path) if component.name == "engine"
    ]
    get_settings.cache_clear()
    assert environment_of(engine.environment, tmp_path)["ENGINE_BUCKETS"] == "shop"
    monkeypatch.setenv("ENGINE_BUCKETS", "shop,archive")
    assert environment_of(engine.environment, tmp_path)["ENGINE_BUCKETS"] == "shop,archive"


CAMPAIGN_OF_A_GROUP = "solutions: {people: {recipe: aws-user-personalization, campaigns: {%s: {}}}}"


@pytest.mark.parametrize(
    ("groups", "campaigns"),
    [
        (["{name: shop, datasets: {interactions: {schema: contract}}}"], None),
        ([f"{{name: shop, datasets: {{interactions: {{schema: contract}}}}, {CAMPAIGN_OF_A_GROUP % 'for-you'}}}"],
         "shop=arn:aws:personalize:us-east-1:000000000000:campaign/shop-for-you"),
        (["{name: shop, datasets: {interactions: {schema: contract}}}",
          f"{{name: north, datasets: {{interactions: {{schema: contract}}}}, {CAMPAIGN_OF_A_GROUP % 'live'}}}"],
         "north=arn:aws:personalize:us-east-1:000000000000:campaign/north-live"),
    ],
)  # fmt: skip
def test_s0_13_the_stack_asks_in_real_time_where_the_file_has_a_campaign_unless_the_caller_says_no(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, groups: list[str], campaigns: str | None
) -> None:
    file = tmp_path / "environment.yaml"
    file.write_text("groups:\n" + "".join(f"  - {group}\n" for group in groups))
    monkeypatch.setenv("AISLE_PERSONALIZE__RESOURCES_FILE", str(file))
    get_settings.cache_clear()
    names = Addresses.__dataclass_fields__
    at = Addresses(**dict.fromkeys(names, "http://127.0.0.1:1"))  # type: ignore[arg-type]
    components = {component.name: component for component in beside_airflow(at, StackSecrets.make(), tmp_path)}
    get_settings.cache_clear()
    environment = environment_of(components["serving"].environment, tmp_path)
    assert environment.get("SERVING_CAMPAIGNS") == campaigns
    assert environment.get("SERVING_REAL_TIME") == ("true" if campaigns else None)
    monkeypatch.setenv("SERVING_REAL_TIME", "false")
    assert environment_of(components["serving"].environment, tmp_path)["SERVING_REAL_TIME"] == "false"


def test_what_the_caller_left_empty_does_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AISLE_IDENTITY__HASH_KEY", "")  # as in a copy of .env.example
    assert environment_of({"AISLE_IDENTITY__HASH_KEY": "made"}, tmp_path)["AISLE_IDENTITY__HASH_KEY"] == "made"


def test_an_order_system_of_the_users_is_asked_with_its_own_token(tmp_path: Path) -> None:
    own = StackSettings(root=tmp_path, company_api_url="http://orders.example", company_api_token="theirs")
    assert Stack(own).secrets.company_api_token == "theirs"
    assert Stack(StackSettings(root=tmp_path)).secrets.company_api_token != "theirs"


@pytest.mark.parametrize(("endpoint", "is_own"), [("http://minio.example:9000", True), ("", False)])
def test_an_s3_server_of_the_users_is_asked_with_its_own_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, endpoint: str, is_own: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "own")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "own secret")
    secrets = Stack(StackSettings(root=tmp_path, s3_endpoint_url=endpoint)).secrets
    assert ((secrets.aws_access_key, secrets.aws_secret_key) == ("own", "own secret")) == is_own


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://aisle:p%40ss@127.0.0.1:5433/warehouse",
            {
                "PGUSER": "aisle",
                "PGPASSWORD": "p@ss",
                "PGHOST": "127.0.0.1",
                "PGPORT": "5433",
                "PGDATABASE": "warehouse",
            },
        ),
        (
            "postgresql://aisle@db.example/warehouse?sslmode=require",
            {"PGUSER": "aisle", "PGHOST": "db.example", "PGDATABASE": "warehouse", "PGSSLMODE": "require"},
        ),
        ("host=/run/postgresql dbname=w", {"PGHOST": "/run/postgresql", "PGDATABASE": "w"}),
    ],
)
def test_programs_of_libpq_get_the_url_by_their_environment(url: str, expected: dict[str, str]) -> None:
    assert libpq_environment(url) == expected


def test_psql_is_opened_without_a_password_among_its_arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[Any, ...]] = []
    monkeypatch.setattr(os, "execve", lambda *given: opened.append(given))
    monkeypatch.setenv("STACK_ROOT", str(tmp_path))
    home = StackSettings().home
    home.mkdir()
    url = "postgresql://aisle:the-password@127.0.0.1:5433/warehouse"
    (home / "stack.json").write_text(
        json.dumps(dict.fromkeys(Addresses.__dataclass_fields__, "") | {"warehouse_url": url})
    )
    CliRunner().invoke(app, ["psql", "-c", "select 1"])
    ((_, arguments, environment),) = opened
    assert arguments[1:] == ["-c", "select 1"]
    assert "the-password" not in "".join(arguments)
    assert environment["PGPASSWORD"] == "the-password"


def test_a_token_of_an_airflow_that_is_gone_is_refused_in_plain_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("STACK_ROOT", str(tmp_path))
    home = StackSettings().home
    home.mkdir(parents=True)
    (home / "stack.json").write_text(
        json.dumps(dict.fromkeys(Addresses.__dataclass_fields__, "") | {"airflow_port": free_port()})
    )
    refused = CliRunner().invoke(app, ["token"]).exception
    assert isinstance(refused, RetryableError)
    assert "make up" in str(refused)


@pytest.mark.parametrize(
    "described", ["{}", '{"airflow_port": 8080}', '{"airflow_port": 8080, "another": 1}', "", "{"], ids=repr
)
@pytest.mark.parametrize("command", ["psql", "token", "plan"])
def test_the_error_for_a_stack_of_another_version_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: str, described: str
) -> None:
    monkeypatch.setenv("STACK_ROOT", str(tmp_path))
    home = StackSettings().home
    home.mkdir(parents=True)
    (home / "stack.json").write_text(described)
    refused = CliRunner().invoke(app, [command]).exception
    assert isinstance(refused, ConfigurationError)
    assert "make down" in str(refused)


def test_what_a_killed_stack_has_left_of_its_addresses_is_gone_after_its_end(tmp_path: Path) -> None:
    settings = StackSettings(root=tmp_path)
    settings.home.mkdir(parents=True)
    (settings.home / "stack.lock").touch()
    (settings.home / "stack.json").write_text("{}")
    assert end_stack(settings) == EndedStack(settings.home, 0)
    with pytest.raises(NoStack):
        running_stack(settings)


def test_a_sweep_ends_what_a_killed_stack_left_and_nothing_else(tmp_path: Path) -> None:
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    ours = subprocess.Popen(sleeper, env={**os.environ, MARK: str(tmp_path)}, start_new_session=True)
    others = subprocess.Popen(sleeper, env={**os.environ, MARK: str(tmp_path / "other")}, start_new_session=True)
    try:
        wait_for(lambda: count_marked(tmp_path) == 1, "the program of this stack")
        assert sweep(tmp_path) == 1
        assert ours.poll() is not None
        assert others.poll() is None
    finally:
        others.kill()
        others.wait()


def test_a_sweep_ends_also_what_a_program_starts_while_it_ends(tmp_path: Path) -> None:
    ready, child = tmp_path / "ready", "import time; time.sleep(60)"
    parting = (
        "import pathlib, signal, subprocess, sys, time\n"
        f"leave = lambda *_: (subprocess.Popen([sys.executable, '-c', {child!r}]), sys.exit())\n"
        f"signal.signal(signal.SIGTERM, leave); pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
    )
    subprocess.Popen([sys.executable, "-c", parting], env={**os.environ, MARK: str(tmp_path)}, start_new_session=True)
    wait_for(ready.exists, "the program that leaves another behind")
    assert sweep(tmp_path) == 2
    assert count_marked(tmp_path) == 0


def test_a_program_that_ignores_the_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.stack.processes._STOP_SECONDS", 0.5)
    deaf = tmp_path / "deaf"
    stubborn = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"pathlib.Path({str(deaf)!r}).touch(); time.sleep(600)"
    )
    program = Program(Component("stubborn", ("python", "-c", stubborn)), tmp_path)
    program.start()
    wait_for(deaf.exists, "the program that ignores SIGTERM")
    stop_all([program])
    assert program.has_ended()
    assert count_marked(tmp_path) == 0
