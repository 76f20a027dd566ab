"""botocore's shapes, compiled once into functions that read requests and write answers.

A reader checks all that a model prescribes: types, required members, sizes, patterns, enums and ranges. It returns the
value as operations use it: without nulls and unknown members, with times in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from typing import Any, NoReturn

from services.engine.errors import InvalidInput, shown

#: `read(value, path)` returns the clean value or raises InvalidInput; `path` ends in a dot.
Reader = Callable[[Any, str], Any]
Writer = Callable[[Any], Any]

#: The models' patterns are Java's. Python has no \p classes, and one of the patterns takes cubic time unchanged.
_IN_PYTHON = {
    r"\p{L}\p{Z}\p{N}": r"\w \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"[\x20-\x7E]*[\x21-\x7E]+[\x20-\x7E]*": r"\x20*[\x21-\x7E][\x20-\x7E]*",
}
_INTEGERS = {"integer": 2**31, "long": 2**63}
_FLOATS = {"float": 3.4028234663852886e38, "double": 1.7976931348623157e308}
#: Epoch seconds of the years 1 to 9999, which clients can read back.
_FIRST_MOMENT, _LAST_MOMENT = -62_135_596_800, 253_402_300_799


def reader(shape: Any, secret: bool = False) -> Reader:
    """Compile the reader of a shape. Errors do not quote a value that is `secret`, or sensitive in the model."""
    secret = secret or bool(shape.metadata.get("sensitive"))
    return _READERS[shape.type_name](shape, partial(_refuse, secret), secret)


def writer(shape: Any) -> Writer:
    """Compile the writer of a shape, which leaves out unknown members and those that are None."""
    return _WRITERS.get(shape.type_name, _scalar_writer)(shape)


#: `refuse(value, path, constraint)` raises InvalidInput in the words of the AWS front door.
_Refuse = Callable[[Any, str, str], NoReturn]


def _refuse(secret: bool, value: Any, path: str, constraint: str) -> NoReturn:
    given = "null" if value is None else "" if secret else f"'{shown(value)}'"
    where = path.rstrip(".") or "body"
    raise InvalidInput(
        f"1 validation error detected: Value {given}{' ' if given else ''}at '{where}' "
        f"failed to satisfy constraint: {constraint}"
    )


def _structure_reader(shape: Any, refuse: _Refuse, secret: bool) -> Reader:
    members = {name: reader(member, secret) for name, member in shape.members.items()}
    required = tuple(shape.required_members)

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            refuse(value, path, "Member must be of type structure")
        for name in required:
            if value.get(name) is None:
                refuse(None, f"{path}{name}", "Member must not be null")
        return {
            name: members[name](given, f"{path}{name}.")
            for name, given in value.items()
            if given is not None and name in members
        }

    return read


def _list_reader(shape: Any, refuse: _Refuse, secret: bool) -> Reader:
    read_member, check_size = reader(shape.member, secret), _size_check(shape, refuse, "length")

    def read(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            refuse(value, path, "Member must be of type list")
        check_size(len(value), value, path)
        return [read_member(element, f"{path}{place}.member.") for place, element in enumerate(value, start=1)]

    return read


def _map_reader(shape: Any, refuse: _Refuse, secret: bool) -> Reader:
    read_key, read_value = reader(shape.key, secret), reader(shape.value, secret)
    check_size = _size_check(shape, refuse, "length")

    def read(value: Any, path: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            refuse(value, path, "Member must be of type map")
        check_size(len(value), value, path)
        return {read_key(key, f"{path}key."): read_value(given, f"{path}{key}.value.") for key, given in value.items()}

    return read


def _string_reader(shape: Any, refuse: _Refuse, _secret: bool) -> Reader:
    check_size = _size_check(shape, refuse, "length")
    pattern, allowed = shape.metadata.get("pattern"), shape.enum
    matches = compiled(pattern).fullmatch if pattern else None

    def read(value: Any, path: str) -> str:
        if not isinstance(value, str):
            refuse(value, path, "Member must be of type string")
        check_size(len(value), value, path)
        if matches and not matches(value):
            refuse(value, path, f"Member must satisfy regular expression pattern: {pattern}")
        if allowed and value not in allowed:
            refuse(value, path, f"Member must satisfy enum value set: [{', '.join(allowed)}]")
        return value

    return read


def _boolean_reader(_shape: Any, refuse: _Refuse, _secret: bool) -> Reader:
    def read(value: Any, path: str) -> bool:
        if not isinstance(value, bool):
            refuse(value, path, "Member must be of type boolean")
        return value

    return read


def _integer_reader(shape: Any, refuse: _Refuse, _secret: bool) -> Reader:
    check_size, bound = _size_check(shape, refuse, "value"), _INTEGERS[shape.type_name]

    def read(value: Any, path: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not -bound <= value < bound:
            refuse(value, path, f"Member must be of type {shape.type_name}")
        check_size(value, value, path)
        return value

    return read


def _float_reader(shape: Any, refuse: _Refuse, _secret: bool) -> Reader:
    check_size, bound = _size_check(shape, refuse, "value"), _FLOATS[shape.type_name]

    def read(value: Any, path: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool) or not -bound <= value <= bound:
            refuse(value, path, f"Member must be of type {shape.type_name}")
        check_size(value, value, path)
        return value

    return read


def _timestamp_reader(_shape: Any, refuse: _Refuse, _secret: bool) -> Reader:
    def read(value: Any, path: str) -> float:
        if not isinstance(value, int | float) or isinstance(value, bool):
            refuse(value, path, "Member must be of type timestamp: a number of epoch seconds")
        if not _FIRST_MOMENT <= value <= _LAST_MOMENT:
            refuse(value, path, "Member must be a moment before the year 10000; send epoch seconds, not milliseconds")
        return value

    return read


def _size_check(shape: Any, refuse: _Refuse, measure: str) -> Callable[[float, Any, str], None]:
    """Compile the check of the bounds, which botocore's models call `min` and `max` for every type."""
    low, high = shape.metadata.get("min", -float("inf")), shape.metadata.get("max", float("inf"))

    def check(size: float, value: Any, path: str) -> None:
        if size < low:
            refuse(value, path, f"Member must have {measure} greater than or equal to {low}")
        if size > high:
            refuse(value, path, f"Member must have {measure} less than or equal to {high}")

    return check


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of the models, for `fullmatch`."""
    for java, python in _IN_PYTHON.items():
        pattern = pattern.replace(java, python)
    return re.compile(pattern, re.UNICODE if r"\w" in pattern else re.ASCII)


def _structure_writer(shape: Any) -> Writer:
    members = {name: writer(member) for name, member in shape.members.items()}

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        return {name: members[name](given) for name, given in value.items() if given is not None and name in members}

    return write


def _list_writer(shape: Any) -> Writer:
    write_member = writer(shape.member)
    if write_member is _same:
        return list

    def write(value: Sequence[Any]) -> list[Any]:
        return [write_member(element) for element in value]

    return write


def _map_writer(shape: Any) -> Writer:
    write_value = writer(shape.value)
    if write_value is _same:
        return dict

    def write(value: Mapping[str, Any]) -> dict[str, Any]:
        return {key: write_value(element) for key, element in value.items()}

    return write


def _timestamp_writer(_shape: Any) -> Writer:
    return lambda value: value.timestamp() if isinstance(value, datetime) else value


def _scalar_writer(_shape: Any) -> Writer:
    return _same


def _same(value: Any) -> Any:
    return value


_READERS: Mapping[str, Callable[[Any, _Refuse, bool], Reader]] = {
    "structure": _structure_reader,
    "list": _list_reader,
    "map": _map_reader,
    "string": _string_reader,
    "boolean": _boolean_reader,
    "integer": _integer_reader,
    "long": _integer_reader,
    "float": _float_reader,
    "double": _float_reader,
    "timestamp": _timestamp_reader,
}
_WRITERS: Mapping[str, Callable[[Any], Writer]] = {
    "structure": _structure_writer,
    "list": _list_writer,
    "map": _map_writer,
    "timestamp": _timestamp_writer,
}
