"""The wire of the three services as botocore's own models describe it: route, parse, check, serialise.

    personalize           AWS JSON 1.1: POST / with X-Amz-Target: AmazonPersonalize.<Operation>
    personalize-runtime   REST JSON: POST /recommendations and others, one path per operation
    personalize-events    REST JSON: POST /events and others

Nothing here knows an operation by name. Limits, patterns and enums come from the models, because a client checks only
types, required members and minima: 64-character names and misspelt modes reach the server.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from typing import Any

import botocore.session
import orjson

from services.engine.errors import InvalidInput, PersonalizeError, UnknownOperation

CONTROL, RUNTIME, EVENTS = "personalize", "personalize-runtime", "personalize-events"
CONTENT_TYPES = {
    CONTROL: "application/x-amz-json-1.1",
    RUNTIME: "application/json",
    EVENTS: "application/json",
}

#: The model's patterns are Java's; Python has no \p classes.
_JAVA_CLASSES = {r"\p{L}\p{Z}\p{N}": r"\w\s", r"\p{ASCII}": r"[\x00-\x7f]"}
_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float),
}


@cache
def service_model(service: str) -> Any:
    """botocore's model of one of the three services."""
    return botocore.session.get_session().get_service_model(service)


def control_operation(target: str) -> Any:
    """The model of the control plane's operation that an `X-Amz-Target` header names."""
    model = service_model(CONTROL)
    prefix, _, name = target.rpartition(".")
    if prefix != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise UnknownOperation(
            f"The X-Amz-Target header says '{target}', which names no operation of the service; "
            "send AmazonPersonalize.<Operation>"
        )
    return model.operation_model(name)


@cache
def paths() -> dict[str, Any]:
    """The operations of the runtime and of the events service, by path; all of them are POST."""
    models = [service_model(service) for service in (RUNTIME, EVENTS)]
    operations = [model.operation_model(name) for model in models for name in model.operation_names]
    return {operation.http["requestUri"]: operation for operation in operations}


def parse(operation: Any, body: bytes) -> dict[str, Any]:
    """The members of a request, checked against the model. Unknown members are dropped, as the service does."""
    try:
        request = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(f"The body of {operation.name} is not JSON ({error}); send a JSON object") from error
    violation = next(_violations(operation.input_shape, request, ""), None)
    if violation:
        raise InvalidInput(f"1 validation error detected: {violation}")
    known = operation.input_shape.members
    return {name: value for name, value in request.items() if name in known and value is not None}


def serialise(shape: Any, value: Any) -> Any:
    """`value` as the members of `shape` travel: what the shape does not know, or what is None, stays here."""
    if shape.type_name == "structure":
        return {
            name: serialise(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if shape.type_name == "list":
        return [serialise(shape.member, element) for element in value]
    if shape.type_name == "map":
        return {key: serialise(shape.value, element) for key, element in value.items()}
    if shape.type_name == "timestamp" and isinstance(value, datetime):
        return value.timestamp()
    return value


def success_body(operation: Any, answer: dict[str, Any]) -> bytes:
    """The body of an answer; an operation without output has an empty object."""
    return orjson.dumps(serialise(operation.output_shape, answer) if operation.output_shape else {})


def error_body(error: PersonalizeError) -> bytes:
    """The body of an error answer."""
    return orjson.dumps({"__type": error.code, "message": str(error)})


def error_status(operation: Any, error: PersonalizeError) -> int:
    """The HTTP status that the model gives an error of an operation, 400 where it gives none."""
    shapes = {shape.name: shape for shape in operation.error_shapes}
    shape = shapes.get(error.code)
    return int(shape.metadata.get("error", {}).get("httpStatusCode", 400)) if shape else 400


def _violations(shape: Any, value: Any, path: str) -> Iterator[str]:
    """Each way in which `value` breaks `shape`, in the words of the AWS front door."""
    if not isinstance(value, _JSON_TYPES[shape.type_name]) or (
        isinstance(value, bool) and shape.type_name != "boolean"
    ):
        yield _sentence(value, path, f"Member must be of type {shape.type_name}")
        return
    yield from _CHECKS.get(shape.type_name, _check_nothing)(shape, value, path)


def _check_structure(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    for name in shape.required_members:
        if value.get(name) is None:
            yield _sentence(None, f"{path}.{name}", "Member must not be null")
    for name, member in shape.members.items():
        if value.get(name) is not None:
            yield from _violations(member, value[name], f"{path}.{name}")


def _check_list(shape: Any, value: list[Any], path: str) -> Iterator[str]:
    yield from _check_size(shape, len(value), value, path, "length")
    for place, element in enumerate(value, start=1):
        yield from _violations(shape.member, element, f"{path}.{place}.member")


def _check_map(shape: Any, value: dict[str, Any], path: str) -> Iterator[str]:
    yield from _check_size(shape, len(value), value, path, "length")
    for key, element in value.items():
        yield from _violations(shape.key, key, f"{path}.key")
        yield from _violations(shape.value, element, f"{path}.{key}.value")


def _check_string(shape: Any, value: str, path: str) -> Iterator[str]:
    yield from _check_size(shape, len(value), value, path, "length")
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _sentence(value, path, f"Member must satisfy regular expression pattern: {pattern}")
    if shape.enum and value not in shape.enum:
        yield _sentence(value, path, f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")


def _check_number(shape: Any, value: float, path: str) -> Iterator[str]:
    yield from _check_size(shape, value, value, path, "value")


def _check_nothing(_shape: Any, _value: Any, _path: str) -> Iterator[str]:
    return iter(())


def _check_size(shape: Any, size: float, value: Any, path: str, measure: str) -> Iterator[str]:
    """Lower and upper bound; botocore writes them `min` and `max` whatever the type."""
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and size < low:
        yield _sentence(value, path, f"Member must have {measure} greater than or equal to {low}")
    if high is not None and size > high:
        yield _sentence(value, path, f"Member must have {measure} less than or equal to {high}")


_CHECKS: dict[str, Callable[[Any, Any, str], Iterator[str]]] = {
    "structure": _check_structure,
    "list": _check_list,
    "map": _check_map,
    "string": _check_string,
    "integer": _check_number,
    "long": _check_number,
    "float": _check_number,
    "double": _check_number,
}


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    for java, python in _JAVA_CLASSES.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern)


def _sentence(value: Any, path: str, constraint: str) -> str:
    shown = "null" if value is None else f"'{str(value)[:200]}'"
    return f"Value {shown} at '{path.lstrip('.') or 'body'}' failed to satisfy constraint: {constraint}"
