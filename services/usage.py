"""What a caller can do wrong, how a command asks for an answer, and the options that several commands have."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Annotated

import typer

from services.terminal import TerminalConsole

WarehouseUrl = Annotated[
    str | None,
    typer.Option("--url", envvar="WAREHOUSE_URL", help="libpq URL of the warehouse; else the running stack's."),
]


class UsageError(typer.TyperException):
    """A command was called, or answered, with something it cannot use: the program prints one line and ends with 2."""

    exit_code = 2


def refuse_unknown(what: str, name: str, names: Iterable[str]) -> None:
    """Refuse a name that is none of `names`. Raises UsageError with those that there are."""
    known = sorted(names)
    if name not in known:
        raise UsageError(f"there is no {what} {name}; there is {', '.join(known) or 'none at all'}")


def ask(console: TerminalConsole, question: str, check: Callable[[str], None]) -> str:
    """Ask until `check` takes the answer, and return it stripped; `check` raises ValueError with what is wrong.

    Raises UsageError at the end of the input, and where nobody is there to answer again.
    """
    while True:
        try:
            answer = console.input(f"{question}: ").strip()
            check(answer)
        except EOFError as error:
            raise UsageError(f"the input ended before {question} was answered: type it, or an empty line") from error
        except ValueError as error:
            if not sys.stdin.isatty():
                raise UsageError(f"{question}: {error}") from error
            console.print(f"{error}", style="yellow", soft_wrap=True)
        else:
            return answer
