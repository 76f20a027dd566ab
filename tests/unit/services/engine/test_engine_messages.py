"""Messages to clients are English and JSON: neither broken grammar nor the words of Python."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aisle.settings import PROJECT_ROOT
from services.engine.data.cells import cell, members_of
from services.engine.errors import InvalidInput
from services.engine.protocol import SERVICES, error_body, operations, service_model
from services.engine.schemas import Column, parse_schema

#: How Python writes a list or an object of texts, its constants, and what its own errors say.
PYTHON = re.compile(r"\['|\{'|\bTrue\b|\bFalse\b|\bNone\b|could not convert|invalid literal|<class")
WRONG = [["a"], [], {"a": "b"}, {"a": None}, True, None, 5, 5.5, "", "x y", [["a"], {"b": False}]]
_ARTICLE = re.compile(r"\b[Aa]n? ['\"]?$")


def inserted(path: Any) -> Iterator[tuple[int, str]]:
    """Line of every value that a text of the program has right after an article, and the text before it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.JoinedStr):
            for before, value in zip(node.values, node.values[1:], strict=False):
                if isinstance(before, ast.Constant) and isinstance(value, ast.FormattedValue):
                    yield node.lineno, str(before.value)


def test_no_article_stands_before_an_inserted_word() -> None:
    """`a {member}` is wrong for every second member: say it without an article."""
    sources = sorted((PROJECT_ROOT / "services" / "engine").rglob("*.py"))
    texts = [(path.name, line, text) for path in sources for line, text in inserted(path)]
    assert len(texts) > 100
    assert [(name, line) for name, line, text in texts if _ARTICLE.search(text)] == []


def members(shape: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where values stand in a request of a shape: its members, theirs, and the first elements of lists."""
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield (*path, name)
            yield from members(member, (*path, name))
    elif shape.type_name == "list":
        yield from members(shape.member, (*path, "0"))


def request(path: tuple[str, ...], value: Any) -> Any:
    """A request that has a value at a path and nothing else."""
    for step in reversed(path):
        value = [value] if step == "0" else {step: value}
    return value


def message_of(ask: Callable[..., Any], *given: Any) -> str:
    """The message of a refused call, empty if it is not refused."""
    try:
        ask(*given)
    except InvalidInput as refused:
        return str(refused)
    return ""


@pytest.mark.parametrize("service", SERVICES)
def test_refused_values_are_shown_as_json(service: str) -> None:
    messages: list[str] = []
    for name, operation in operations(service).items():
        for path in members(service_model(service).operation_model(name).input_shape):
            for value in WRONG:
                messages.append(message_of(operation.read, request(path, value), ""))
    assert sum(map(bool, messages)) > 100
    assert [message for message in messages if PYTHON.search(message)] == []


@pytest.mark.parametrize("kind", ["string", "float", "double", "int", "long", "boolean"])
def test_refused_properties_are_shown_as_json(kind: str) -> None:
    values = [*WRONG, "twelve", 2**70, "1e999", "9" * 400]
    messages = [message_of(cell, value, Column("PRICE", kind, nullable=True)) for value in values if value is not None]
    assert sum(map(bool, messages)) > 1
    assert [message for message in messages if PYTHON.search(message)] == []


FIELDS = [
    ["a"],
    {"name": ["a"], "type": "string"},
    {"name": "a", "type": ["null", True]},
    None,
    {"name": "A", "type": {"type": "array", "items": "string"}},
]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("name", ["Interactions", ["Items"], None])
def test_refused_schemas_are_shown_as_json(field: Any, name: Any) -> None:
    schema = {"type": "record", "name": name, "namespace": "a", "fields": [field], "version": "1.0"}
    message = message_of(parse_schema, json.dumps(schema))
    assert message
    assert not PYTHON.search(message), message


@pytest.mark.parametrize("properties", ["[]", "{", '{"a": NaN}', "7", '"text"'])
def test_refusals_of_properties_use_the_words_of_json(properties: str) -> None:
    message = message_of(members_of, properties)
    assert message
    assert not PYTHON.search(message), message


@pytest.mark.parametrize("name", ["\ud800", "name" + "x" * 10_000, "\x1b[31m"])
def test_text_that_cannot_be_sent_back_as_it_is_ends_in_a_message_all_the_same(name: str) -> None:
    schema = {"type": "record", "name": name, "namespace": "a", "fields": [], "version": "1.0"}
    with pytest.raises(InvalidInput) as raised:
        parse_schema(json.dumps(schema))
    body = json.loads(error_body(raised.value))
    assert "must be named one of" in body["message"]
    assert len(body["message"]) < 500
