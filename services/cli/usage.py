"""What a caller can do wrong, and how a command asks for an answer."""

from __future__ import annotations

from collections.abc import Callable

import typer

from services.terminal import TerminalConsole


class UsageError(typer.TyperException):
    """A command was called, or answered, with something it cannot use: the program prints one line and ends with 2."""

    exit_code = 2


def ask(console: TerminalConsole, question: str, check: Callable[[str], None] = lambda _: None) -> str:
    """Ask until `check` takes the answer, and return it stripped; `check` raises ValueError with what is wrong.

    Raises UsageError at the end of the input.
    """
    while True:
        try:
            answer = console.input(f"{question}: ").strip()
            check(answer)
        except EOFError as error:
            raise UsageError(
                f"the input ended where {question} was asked for: answer it, or leave the line empty"
            ) from error
        except ValueError as error:
            console.print(f"{error}", style="yellow", soft_wrap=True)
        else:
            return answer
