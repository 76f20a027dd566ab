"""The program `aisle`: all its commands, and how they exit."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import typer
from dotenv import load_dotenv

from aisle.errors import AisleError, UnusableSettings
from aisle.settings import PROJECT_ROOT
from services.cli import accuracy, dags, diagnosis, people, shop, stack, warehouse
from services.resources import commands as resources
from services.terminal import TerminalConsole, labelled
from services.usage import UsageError

_NAME = "aisle"
#: As a shell counts what a signal has ended: 128 and the number of SIGINT.
_INTERRUPTED = 130
#: What a command and the programs that it starts write is for their owner alone.
_PRIVATE = 0o077
#: SIGINT is named too, because a shell's background job starts with it ignored.
_ENDING = (signal.SIGINT, signal.SIGTERM)

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False,
    help="The `aisle` command: the stack, the demo, the warehouse.",
)  # fmt: skip
app.add_typer(stack.commands)
app.add_typer(dags.commands)
app.add_typer(warehouse.commands)
app.add_typer(people.commands)
app.add_typer(accuracy.commands)
app.add_typer(diagnosis.commands)
app.add_typer(resources.commands)  # plan, apply, teardown, import-resources, convert
app.add_typer(warehouse.events, name="events")
app.add_typer(warehouse.rejects, name="rejects")
app.add_typer(shop.commands, name="shop")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command, with the arguments of the process unless others are given. Return its exit status."""
    try:
        return int(app(arguments, prog_name=_NAME, standalone_mode=False) or 0)
    except UsageError as error:
        _print_error(_NAME, error.message)
        return error.exit_code
    except typer.TyperException as error:
        if message := _in_one_line(error.format_message()):  # empty: a group without a command has shown its help
            command = _called(error)
            _print_error(command, f"{message.rstrip('.')}; see `{command} --help`")
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _INTERRUPTED
    except UnusableSettings as error:
        _print_error(_NAME, error)
        return UsageError.exit_code
    except AisleError as error:
        _print_error(type(error).__name__, error)
        return 1


def _called(error: typer.TyperException) -> str:
    """Return the command of an error, with the program's name."""
    context: typer.Context | None = getattr(error, "ctx", None)
    return context.command_path if context else _NAME


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


def _print_error(label: str, text: object) -> None:
    TerminalConsole(stderr=True).print(labelled(label, text), soft_wrap=True)


def main() -> None:
    """Run the command. SIGTERM ends it like Ctrl-C, so that nothing is left behind."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        for number in _ENDING:  # a second Ctrl-C must not break off the stopping that the first began
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in _ENDING:
        signal.signal(number, interrupt)
    os.umask(_PRIVATE)
    _load_dotenv()
    raise SystemExit(run())


def _load_dotenv() -> None:
    """Add the project's .env to the environment, which takes precedence."""
    file = PROJECT_ROOT / ".env"
    try:
        load_dotenv(file)
    except (OSError, UnicodeError) as error:
        _print_error(_NAME, f"reading {file}: {error}; write it as .env.example is, in UTF-8")
        raise SystemExit(UsageError.exit_code) from None
