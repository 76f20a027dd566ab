"""The parser of filters, by the grammar beside this file. Errors give the place of the fault."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from services.engine.errors import InvalidInput
from services.engine.filters.expressions import (
    Comparison,
    CurrentItem,
    CurrentUser,
    Expression,
    Field,
    Membership,
    Parameter,
)

_GRAMMAR = Path(__file__).with_name("grammar.lark")
_LONGEST_QUOTE = 40
_WORD = re.compile(rf"\S{{1,{_LONGEST_QUOTE}}}|.", re.DOTALL)

#: Names of tokens in errors; a token that is absent is shown as it is written.
_SHOWN = {
    "ACTION": "INCLUDE or EXCLUDE",
    "TARGET": "ItemID, UserID or ActionID",
    "DATASET": "a dataset (Interactions, Items, Users, Actions, Action_Interactions)",
    "_CURRENT_ITEM": "CurrentItem",
    "_CURRENT_USER": "CurrentUser",
    "OPERATOR": "one of = != < <= > >=",
    "PARAMETER": "a $PARAMETER",
    "NAME": "the name of a column",
    "STRING": 'text in "double quotes"',
    "NUMBER": "a number",
    "DOT": "'.'",
    "LPAR": "'('",
    "RPAR": "')'",
    "COMMA": "','",
    "VBAR": "'|'",
    "$END": "the end",
}


def parse_expression(text: str, start: str) -> Any:
    """Parse a text from one rule of the grammar. Raises InvalidInput with line and column of the fault."""
    try:
        return _parser().parse(text, start=start)
    except UnexpectedToken as error:
        raise _refusal(text, error, error.accepts or error.expected) from error
    except UnexpectedCharacters as error:
        raise _refusal(text, error, error.allowed or ()) from error


@cache
def _parser() -> Lark:
    return Lark(
        _GRAMMAR.read_text(), parser="lalr", start=["filter", "attributes"], transformer=_Expressions(),
        maybe_placeholders=True, g_regex_flags=re.ASCII,
    )  # fmt: skip


def _refusal(text: str, error: UnexpectedToken | UnexpectedCharacters, expected: Iterable[str]) -> InvalidInput:
    shown = ", ".join(sorted(_SHOWN.get(name, name.strip("_")) for name in expected))
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return InvalidInput(f"Invalid Expression: the text ends; expected {shown}")
    word = _WORD.findall(text, error.pos_in_stream or 0)[0]
    return InvalidInput(
        f"Invalid Expression: {word!r} is at line {error.line}, column {error.column}; expected {shown}"
    )


class _Expressions(Transformer[Token, Any]):
    """Builds the values of `expressions.py`. Each method is named after its rule of the grammar."""

    filter = attributes = condition = group = only_if = lambda _, parts: tuple(parts)

    def expression(self, parts: list[Any]) -> Expression:
        action, target, condition, only_if = parts
        return Expression(action.upper(), target.upper().removesuffix("ID"), condition, only_if or ())

    def membership(self, parts: list[Any]) -> Membership:
        subject, negation, values = parts
        return Membership(subject, values, negation is not None)

    def comparison(self, parts: list[Any]) -> Comparison:
        subject, operator, operand = parts
        return Comparison(subject, str(operator), operand)

    def attribute(self, parts: list[Any]) -> tuple[Field, str, str | float]:
        field, operator, value = parts
        return field, str(operator), value

    def field(self, parts: list[Token]) -> Field:
        return Field(parts[0].upper(), parts[1].upper())

    def current_item(self, parts: list[Token]) -> CurrentItem:
        return CurrentItem(parts[0].upper())

    def current_user(self, parts: list[Token]) -> CurrentUser:
        return CurrentUser(parts[0].upper())

    def listed(self, parts: list[str]) -> tuple[str, ...]:
        return tuple(str(part) for part in parts)

    def text(self, parts: list[Token]) -> str:
        return str(parts[0][1:-1])

    def number(self, parts: list[Token]) -> float:
        return finite(parts[0])

    def parameter(self, parts: list[Token]) -> Parameter:
        return Parameter(str(parts[0][1:]))


def finite(text: str) -> float:
    """Read a text as a number. Raises InvalidInput if it is not one, or too large to be told from others."""
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise InvalidInput(
            f"{text[:_LONGEST_QUOTE]!r} is not a number that a column can be compared with; write 12 or 12.5"
        )
    return number
