"""Check that an HTTP response came from Amazon Personalize, and is complete, before botocore parses it.

botocore does not check. It treats a truncated body, a sign-in page or `{}` as a success without members, which raises
KeyError where the response is read; `null`, or bytes that are not text, raise AttributeError within botocore. A
deletion whose response is a proxy's page would count as done.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError

#: The header with the id of the request, which every response of the service has.
_REQUEST_ID = "x-amzn-RequestId"
#: Members that a complete response may lack.
_MAY_BE_ABSENT = {"nextToken", "domain", "recommendationId"}
#: Members, besides the ARN, that every resource in a response has.
_ALWAYS = {"itemId", "status"}
_TYPES: Mapping[str, type] = {"structure": dict, "map": dict, "list": list, "string": str}


class InvalidResponseError(BotoCoreError):
    """Raise when it is unknown from the response whether the call took effect."""


class UnexpectedResponseError(InvalidResponseError):
    """Raise when the response did not come from the service but from a gateway, a proxy or a sign-in page."""

    fmt = "{operation} was answered with {content}, HTTP status {status}: not by the service"


class IncompleteResponseError(InvalidResponseError):
    """Raise when the response came from the service but is incomplete."""

    fmt = "{operation} was answered with {content}, HTTP status {status}: not a complete response; try again"


def check_responses(events: Any, service: str) -> None:
    """
    Check every response of a service from now on. Registering twice has no further effect.

    :param events: Event emitter of a botocore session or client, sync or async.
    :param service: botocore's name of the service, such as `personalize`.
    """
    for event, handler in (("before-parse", _check_before_parsing), ("after-call", _check_origin_of_error)):
        events.register(f"{event}.{service}", handler, unique_id=f"check-responses-{event}-{service}")


def _check_before_parsing(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
    status, headers, body = response_dict["status_code"], response_dict["headers"], response_dict["body"]
    if _is_retried_by_status(status):
        # botocore retries by the status: a body that it cannot parse must not prevent that.
        if not _is_object(body):
            response_dict["body"] = b"{}"
        return
    _check_origin(headers, operation_model.name, status)
    is_error = status >= HTTPStatus.MULTIPLE_CHOICES
    if content := _flaw(body, None if is_error else operation_model.output_shape, is_error=is_error):
        raise IncompleteResponseError(operation=operation_model.name, content=content, status=status)


def _check_origin_of_error(http_response: Any, model: Any, **_: Any) -> None:
    if _is_retried_by_status(http_response.status_code):
        _check_origin(http_response.headers, model.name, http_response.status_code)


def _is_retried_by_status(status: int) -> bool:
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def _check_origin(headers: Mapping[str, str], operation: str, status: int) -> None:
    """Raise unless the response is the service's: its body is JSON, or is empty and the headers have the request id."""
    is_empty = headers.get("Content-Length") == "0"  # the content type has no meaning then
    content = "nothing" if is_empty else headers.get("Content-Type", "json")
    is_from_service = _REQUEST_ID in headers if is_empty else "json" in content
    if not is_from_service:
        raise UnexpectedResponseError(operation=operation, content=content, status=status)


def _flaw(body: bytes, shape: Any, *, is_error: bool) -> str | None:
    """Return what the body of a response lacks; None if it is complete, or if the operation returns nothing."""
    has_members = shape is not None and bool(shape.members)
    if not (has_members or is_error):
        return None
    if not _is_object(body):
        return f"{len(body)} bytes that are not a JSON object"
    missing = next(_missing(json.loads(body), shape), None) if has_members else None
    return f"no {missing}" if missing else None


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except (ValueError, RecursionError):
        return False


def _missing(response: dict[str, Any], shape: Any) -> Iterator[str]:
    """Yield the paths of required members that a response of this shape lacks."""
    for name, member in shape.members.items():
        if name in _MAY_BE_ABSENT:
            continue
        value, kind = response.get(name), member.type_name
        if not isinstance(value, _TYPES[kind]):
            yield name
        elif kind == "structure":
            yield from _missing_of_resources(name, [value], name, member)
        elif isinstance(value, list) and member.member.type_name == "structure":
            yield from _missing_of_resources(f"{name}[]", value, name.removesuffix("s"), member.member)


def _missing_of_resources(path: str, resources: Iterable[Any], kind: str, shape: Any) -> Iterator[str]:
    """Yield the paths of required members, including its ARN, that resources of a kind lack."""
    own_arn = f"{kind[0].lower()}{kind[1:]}Arn"
    required = {*shape.required_members, *({own_arn, *_ALWAYS} & shape.members.keys())}
    for resource in resources:
        if not isinstance(resource, dict):
            yield path
        else:
            yield from (f"{path}.{name}" for name in sorted(required) if resource.get(name) is None)
