"""A usage error is one line on standard error and status 2."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
import typer

from services.cli.program import app, run
from services.serving.tokens import UserTokens
from services.stack.secrets import StackSecrets
from tests.serving_shop import api_settings

USAGE_ERRORS: dict[str, tuple[Sequence[str], str]] = {
    "unknown command": (["nonsense"], "nonsense"),
    "misspelt command": (["dwon"], "dwon"),
    "unknown command of a group": (["events", "nope"], "nope"),
    "missing argument": (["teardown"], "group"),
    "missing argument beside an option": (["import-resources", "--aws"], "group"),
    "missing option": (["migrate"], "--url"),
    "unknown option": (["plan", "--nope"], "--nope"),
    "unknown option of a group": (["events", "replay", "--nope"], "--nope"),
    "option without its value": (["teardown", "shop", "--confirm"], "--confirm"),
    "one argument too many": (["demo", "now"], "now"),
    "value for a flag": (["demo", "--once=yes"], "--once"),
}


@pytest.fixture(autouse=True)
def _no_warehouse(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WAREHOUSE_URL", raising=False)


@pytest.mark.parametrize(("arguments", "named"), USAGE_ERRORS.values(), ids=USAGE_ERRORS)
def test_a_usage_error_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], arguments: Sequence[str], named: str
) -> None:
    status = run(arguments)
    printed = capsys.readouterr()
    assert status == 2
    assert len(printed.err.splitlines()) == 1
    assert printed.out == ""
    assert named in printed.err
    assert "--help" in printed.err


@pytest.mark.parametrize("arguments", [["erase", "--url", "postgresql://127.0.0.1:1/none"], ["user-hash"]])
def test_an_input_that_ends_before_the_answer_is_one_line_and_status_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    status = run(arguments)
    (line,) = capsys.readouterr().err.splitlines()
    assert status == 2
    assert "input ended" in line


def test_an_interrupted_prompt_ends_as_an_interrupted_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_prompt: str = "") -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupted)
    assert run(["user-hash"]) == 130


@pytest.mark.parametrize("arguments", [[], ["events"]], ids=["aisle", "aisle events"])
def test_a_command_that_needs_another_lists_them(capsys: pytest.CaptureFixture[str], arguments: Sequence[str]) -> None:
    status = run(arguments)
    printed = capsys.readouterr()
    assert status == 2
    assert "Usage" in printed.out + printed.err
    assert "Traceback" not in printed.err


def test_the_installed_program_ends_with_the_status_of_its_command() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "from services.cli import main; main()", "nonsense"],
        env=os.environ, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert len(ended.stderr.splitlines()) == 1


def test_a_token_of_the_running_stack_is_accepted_by_its_api(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = StackSecrets.make()
    stack = SimpleNamespace(addresses=SimpleNamespace(reader_url="postgresql://nowhere"), secrets=secrets)
    monkeypatch.setattr("services.stack.running.running_stack", lambda: stack)
    assert run(["user-token", "u1", "--minutes", "5"]) == 0
    (token,) = capsys.readouterr().out.splitlines()
    assert UserTokens(api_settings(token_secret=secrets.serving_token_secret)).user_of(token) == "u1"


def names_of(program: typer.Typer) -> list[str]:
    """Return the names of the commands of a program, as often as they are given."""
    names = [command.name or command.callback.__name__.replace("_", "-") for command in program.registered_commands]  # type: ignore[union-attr]
    for group in program.registered_groups:
        assert group.typer_instance is not None
        names += [str(group.name)] if isinstance(group.name, str) else names_of(group.typer_instance)
    return names


def test_no_command_hides_another_of_its_name() -> None:
    names = names_of(app)
    assert len(names) > 15
    assert sorted(names) == sorted(set(names))
