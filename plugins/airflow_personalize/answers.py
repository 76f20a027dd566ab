"""Whether what came back over HTTP is an answer of Amazon Personalize, and a whole one.

botocore does not ask. A body that was cut off, a sign-in page, `{}`: to it each is a success without members, which
ends in a KeyError wherever the answer is read; `null` or bytes that are no text end in an AttributeError within it. So
every body is judged before botocore reads it, for all who read answers: hooks, operators, sensors, triggers, commands.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError

from aisle.errors import RetryableError

#: The header in which the service names the request, in every answer.
_REQUEST_ID = "x-amzn-RequestId"
#: Members that the service may leave out of a whole answer.
_MAY_BE_ABSENT = {"nextToken", "domain", "recommendationId"}
#: What a thing that is described or listed always says of itself, beside its ARN.
_ALWAYS = {"itemId", "status"}
_TYPES: Mapping[str, type] = {"structure": dict, "map": dict, "list": list, "string": str}


class NoAnswer(BotoCoreError, RetryableError):
    """Something came back that says nothing about the call: whether it took effect is not known."""

    def __init__(self, **told: Any) -> None:
        BotoCoreError.__init__(self, **told)


class ForeignAnswer(NoAnswer):
    """Something else than the service has answered: a gateway, a proxy, a sign-in page."""

    fmt = "{operation} was answered with {content}, HTTP status {status}: not by the service"


class CutAnswer(NoAnswer):
    """The service has answered, and not all of it has come."""

    fmt = "{operation} was answered with {content}, HTTP status {status}: not a whole answer; ask again"


def judge_answers(events: Any, service: str) -> None:
    """
    Let every answer of a service be judged.

    :param events: The events of a botocore session or client, in place or async.
    :param service: The service as botocore calls it, such as `personalize`.
    """
    for event, handler in (("before-parse", _refuse_before_parsing), ("after-call", _refuse_foreign_error)):
        events.register(f"{event}.{service}", handler, unique_id=f"aisle-{event}-{service}")


def _refuse_before_parsing(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    status, headers, body = response_dict["status_code"], response_dict["headers"], response_dict["body"]
    if _tells_by_its_status(status):
        # botocore tries again by it: a body that it cannot read must not get in the way.
        if not _is_object(body):
            response_dict["body"] = b"{}"
        return
    _refuse_foreign(headers, operation_model.name, status)
    is_error = status >= HTTPStatus.MULTIPLE_CHOICES
    if content := _flaw(body, None if is_error else operation_model.output_shape, is_error=is_error):
        raise CutAnswer(operation=operation_model.name, content=content, status=status)


def _refuse_foreign_error(http_response: Any, model: Any, **_: Any) -> None:
    if _tells_by_its_status(http_response.status_code):
        _refuse_foreign(http_response.headers, model.name, http_response.status_code)


def _tells_by_its_status(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def _refuse_foreign(headers: Mapping[str, str], operation: str, status: int) -> None:
    """Raise ForeignAnswer unless the service has answered: it speaks JSON, or says nothing and names the request."""
    is_empty = headers.get("Content-Length") == "0"  # then its type says nothing either
    content = "nothing" if is_empty else headers.get("Content-Type", "json")
    is_of_the_service = _REQUEST_ID in headers if is_empty else "json" in content
    if not is_of_the_service:
        raise ForeignAnswer(operation=operation, content=content, status=status)


def _flaw(body: bytes, shape: Any, *, is_error: bool) -> str | None:
    """What the body of an error or a success lacks, in words; None where it is whole, or where nothing was promised."""
    promises = shape is not None and bool(shape.members)
    if not (promises or is_error):
        return None
    if not _is_object(body):
        return f"{len(body)} bytes that are no JSON object"
    missing = next(_missing(json.loads(body), shape), None) if promises else None
    return f"no {missing}" if missing else None


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _missing(answer: dict[str, Any], shape: Any) -> Iterator[str]:
    """Paths of what an answer of this shape promises and does not hold."""
    for name, member in shape.members.items():
        if name in _MAY_BE_ABSENT:
            continue
        value, kind = answer.get(name), member.type_name
        if not isinstance(value, _TYPES[kind]):
            yield name
        elif kind == "structure":
            yield from _unsaid(name, [value], name, member)
        elif isinstance(value, list) and member.member.type_name == "structure":
            yield from _unsaid(f"{name}[]", value, name.removesuffix("s"), member.member)


def _unsaid(path: str, things: Iterable[Any], kind: str, shape: Any) -> Iterator[str]:
    """Paths of what things of a kind do not say of themselves: their ARN, and what no thing of the shape is without."""
    own_arn = f"{kind[0].lower()}{kind[1:]}Arn"
    promised = {*shape.required_members, *({own_arn, *_ALWAYS} & shape.members.keys())}
    for thing in things:
        if not isinstance(thing, dict):
            yield path
        else:
            yield from (f"{path}.{name}" for name in sorted(promised) if thing.get(name) is None)
