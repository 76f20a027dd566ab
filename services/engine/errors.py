"""The errors of the API, each with the code that travels on the wire as `__type`.

PersonalizeError              HTTP 400 in the control plane; the model of the other two services may say otherwise
├── InvalidInput                  a value, a combination or an ARN is wrong
├── NotFound                      no such resource
├── AlreadyExists                 the name is taken
├── InUse                         a resource is not in a state that allows the call
├── LimitExceeded                 a quota is reached
├── InvalidNextToken              a page token that no answer contained
├── TooManyTags                   more tags than a resource may carry
└── UnknownOperation              the service has no such operation
JobFailed                     a job ends in CREATE FAILED; the text becomes its failureReason
"""

from __future__ import annotations

from aisle.errors import FinalError


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


class UnknownOperation(PersonalizeError):
    """The service has no such operation."""

    code = "UnknownOperationException"


class JobFailed(FinalError):
    """A job cannot end well; the text becomes its `failureReason`."""
