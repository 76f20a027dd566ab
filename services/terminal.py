"""Output to a terminal. Text from outside is printed as plain text, without control characters or markup.

A product may be called `[/bold]`, hold an escape sequence that turns into a link, or turn the reading direction. Every
console of the project is made here, so markup is never parsed and control characters never get out; styles are given
beside the text, not in it.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from rich.console import Console
from rich.text import Text

#: Control and format characters, which steer a terminal, and halves of surrogate pairs, which no encoding takes.
_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
#: Format characters without which words of some scripts, and emoji, are spelt wrongly: the (non-)joiners.
_SPELLING = frozenset("\n\u200c\u200d")
_SHOWN_INSTEAD = "\N{REPLACEMENT CHARACTER}"


def printable(text: str) -> str:
    """Replace control characters; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(
        _SHOWN_INSTEAD if unicodedata.category(character) in _STEERING and character not in _SPELLING else character
        for character in text
    )


def labelled(label: str, text: object) -> Text:
    """Return a line that begins with a label in red."""
    return Text.assemble((f"{label}:", "bold red"), f" {printable(str(text))}")


class TerminalConsole(Console):
    """A console that prints every `str` as plain text, in tables and panels too.

    Titles, which rich parses elsewhere, and `Text` are made with `printable`.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"markup": False, "emoji": False, "highlight": False} | options)

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(printable(text), **options)
