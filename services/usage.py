"""Usage errors, prompts, and options that several commands share."""

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
    """A command got an argument or answer that it cannot use: the program prints one line and exits with 2."""

    exit_code = 2


def refuse_unknown(what: str, name: str, names: Iterable[str]) -> None:
    """Check a name. Raises UsageError with the valid `names`."""
    known = sorted(names)
    if name not in known:
        raise UsageError(f"there is no {what} {name}; there is {', '.join(known) or 'none at all'}")


def ask(console: TerminalConsole, question: str, check: Callable[[str], None]) -> str:
    """Ask until `check` accepts the answer; return it stripped. `check` raises ValueError with the reason.

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
