"""The errors of the API, each with the code that travels on the wire as `__type`.

PersonalizeError              HTTP 400 in the control plane; the model of the other two services may say otherwise
├── InvalidInput                  a value, a combination or an ARN is wrong
├── NotFound                      no such resource
├── AlreadyExists                 the name is taken
├── InUse                         a resource is not in a state that allows the call
├── LimitExceeded                 a quota is reached
├── InvalidNextToken              a page token that no answer contained
├── TooManyTags                   more tags than a resource may carry
├── TooManyTagKeys                more keys than a resource can have tags
└── FrontDoorError            what any AWS service may answer before an operation is reached, or when it breaks
    ├── UnknownOperation          the service has no such operation
    ├── RequestTooLarge           more bytes than any request of the API needs
    ├── AccessDenied              the engine is not for this host name or this page
    ├── NotAuthenticated          400 in the control plane, 403 in the other two services
    │   └── MissingAuthenticationToken, IncompleteSignature, UnrecognizedClient, InvalidSignature
    ├── ServiceUnavailable        the engine is opening its data
    ├── NoSpace                   the engine's disk is full; clients try again
    └── InternalFailure           a bug of the engine; its log has the request's id
JobFailed                     a job ends in CREATE FAILED; the text becomes its failureReason
"""

from __future__ import annotations

import json
from typing import Any

from aisle.errors import FinalError

_SHOWN_CHARACTERS = 200


def shown(value: Any) -> str:
    """A value of a request as a message shows it: text as it is, all else as JSON writes it; its beginning if long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text[:_SHOWN_CHARACTERS].encode(errors="backslashreplace").decode()


class PersonalizeError(FinalError):
    """An answer that is an error of the service's own model."""

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
    """An error that belongs to no operation. It brings its HTTP status along."""

    status = 400


class UnknownOperation(FrontDoorError):
    """The service has no such operation. 404 where the path should have named it, 405 for another verb than POST."""

    code = "UnknownOperationException"

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class RequestTooLarge(FrontDoorError):
    """More bytes than any request of the API needs."""

    code = "RequestEntityTooLargeException"
    status = 413


class AccessDenied(FrontDoorError):
    """The engine is not for this host name, or not for pages of this origin."""

    code = "AccessDeniedException"
    status = 403


class NotAuthenticated(FrontDoorError):
    """Who calls is not known. JSON 1.1 services answer 400, REST services 403."""

    status = 403


class MissingAuthenticationToken(NotAuthenticated):
    """The call is not signed."""

    code = "MissingAuthenticationTokenException"


class IncompleteSignature(NotAuthenticated):
    """The signature is not of the form that AWS prescribes."""

    code = "IncompleteSignatureException"


class UnrecognizedClient(NotAuthenticated):
    """Nobody has this access key."""

    code = "UnrecognizedClientException"


class InvalidSignature(NotAuthenticated):
    """The signature is not that of the key's secret, or not of this call, or too old."""

    code = "InvalidSignatureException"


class ServiceUnavailable(FrontDoorError):
    """The engine is opening its data."""

    code = "ServiceUnavailable"
    status = 503


class NoSpace(FrontDoorError):
    """The engine's disk is full. With this status SDKs try again."""

    code = "ServiceUnavailable"
    status = 503


class InternalFailure(FrontDoorError):
    """A bug of the engine. What it was is in the log, never on the wire."""

    code = "InternalFailure"
    status = 500


class JobFailed(FinalError):
    """A job cannot end well; the text becomes its `failureReason`."""
