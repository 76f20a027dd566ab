"""The errors of the API, each with the code that travels on the wire as `__type`.

PersonalizeError              HTTP 400 in the control plane; in the other two services the status that the model gives
├── InvalidInput                  a value, a combination or an ARN is wrong
├── NotFound                      no such resource
├── AlreadyExists                 the name is taken
├── InUse                         a resource is not in a state that allows the call
├── LimitExceeded                 a quota is reached
├── InvalidNextToken              a page token that no answer contained
├── TooManyTags                   more tags than a resource may carry
├── TooManyTagKeys                more keys than a resource can have tags
└── FrontDoorError            errors outside of operations, as any AWS service may return them
    ├── UnknownOperation          the service has no such operation
    ├── RequestTooLarge           more bytes than any request of the API needs
    ├── AccessDenied              the engine does not answer this host name or this page
    ├── NotAuthenticated          400 in the control plane, 403 in the other two services
    │   └── MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient, InvalidSignature
    ├── ServiceUnavailable        the engine is opening its data
    ├── NoSpace                   the engine's disk is full; clients retry
    └── InternalFailure           a bug of the engine; its log has the request's id
JobFailed                     a job ends in CREATE FAILED; the text becomes its failureReason
"""

from __future__ import annotations

import json
from typing import Any

from aisle.errors import FinalError

_SHOWN_CHARACTERS = 200


def shown(value: Any) -> str:
    """Format a value of a request for a message: text as it is, anything else as JSON; cut at 200 characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_SHOWN_CHARACTERS].encode(errors="backslashreplace").decode()


class PersonalizeError(FinalError):
    """An error that the service's own model has."""

    code = "InternalFailure"


class InvalidInput(PersonalizeError):
    """A value, a combination of values or an ARN is wrong."""

    code = "InvalidInputException"


class NotFound(PersonalizeError):
    """No such resource."""

    code = "ResourceNotFoundException"


class AlreadyExists(PersonalizeError):
    """The name is taken."""

    code = "ResourceAlreadyExistsException"


class InUse(PersonalizeError):
    """A resource is not in a state that allows the call."""

    code = "ResourceInUseException"


class LimitExceeded(PersonalizeError):
    """A quota is reached."""

    code = "LimitExceededException"


class InvalidNextToken(PersonalizeError):
    """A page token that no answer contained."""

    code = "InvalidNextTokenException"


class TooManyTags(PersonalizeError):
    """More tags than one resource may carry."""

    code = "TooManyTagsException"


class TooManyTagKeys(PersonalizeError):
    """More keys in one call than a resource can have tags."""

    code = "TooManyTagKeysException"


class FrontDoorError(PersonalizeError):
    """An error that belongs to no operation; it has an HTTP status of its own."""

    status = 400


class UnknownOperation(FrontDoorError):
    """The service has no such operation. 404 for an unknown path, 405 for any method but POST."""

    code = "UnknownOperationException"

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RequestTooLarge(FrontDoorError):
    """More bytes than any request of the API needs."""

    code = "RequestEntityTooLargeException"
    status = 413


class AccessDenied(FrontDoorError):
    """The engine does not answer this host name, or pages of this origin."""

    code = "AccessDeniedException"
    status = 403


class NotAuthenticated(FrontDoorError):
    """The caller is unknown. JSON 1.1 services answer 400, REST services 403."""

    status = 403


class MissingAuthenticationToken(NotAuthenticated):
    """The call is not signed."""

    code = "MissingAuthenticationTokenException"


class IncompleteSignature(NotAuthenticated):
    """The signature does not have the form that AWS prescribes."""

    code = "IncompleteSignatureException"


class UnrecognizedClient(NotAuthenticated):
    """The access key does not exist."""

    code = "UnrecognizedClientException"


class InvalidSignature(NotAuthenticated):
    """The signature does not match the key's secret or the call, or is too old."""

    code = "InvalidSignatureException"


class ServiceUnavailable(FrontDoorError):
    """The engine is opening its data."""

    code = "ServiceUnavailable"
    status = 503


class NoSpace(FrontDoorError):
    """The engine's disk is full. SDKs retry on this status."""

    code = "ServiceUnavailable"
    status = 503


class InternalFailure(FrontDoorError):
    """A bug of the engine. The details are in the log, never on the wire."""

    code = "InternalFailure"
    status = 500


class JobFailed(FinalError):
    """A job has failed; the text becomes its `failureReason`."""
