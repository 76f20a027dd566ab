"""The error codes of a refused call, and whether to retry it."""

from __future__ import annotations

#: The caller sends too many requests. AWS services and the gateways before them have many codes for this; botocore uses
#: the HTTP status as the code of an answer without one.
THROTTLED = frozenset(
    {
        "BandwidthLimitExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "ThrottledException",
        "TooManyRequestsException",
        "429",
    }
)
#: The service, or a gateway before it, has failed.
FAULTS = frozenset(
    {
        "BadGateway",
        "GatewayTimeout",
        "InternalFailure",
        "InternalServerError",
        "PriorRequestNotComplete",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServerException",
        "ServiceUnavailable",
        "500",
        "502",
        "503",
        "504",
    }
)
#: Transient errors: the same call can succeed a little later.
PASSING = THROTTLED | FAULTS

NOT_FOUND = "ResourceNotFoundException"
ALREADY_EXISTS = "ResourceAlreadyExistsException"
#: Another resource has to end or be deleted first. If it is a job, waiting is enough.
IN_USE = "ResourceInUseException"
#: A quota is reached; elsewhere in AWS this code means throttling. Waiting helps if the quota is on pending resources,
#: deleting if it is on existing ones.
QUOTA_REACHED = "LimitExceededException"

#: PutEvents, PutItems and PutUsers were refused because of their content: its meaning, its format, or its size.
BLAMES_CONTENT = frozenset(
    {
        "InvalidInputException",
        "ValidationException",
        "SerializationException",
        "RequestEntityTooLargeException",
        "413",  # a proxy's answer, which has no code
    }
)


def is_throttling(code: str, http_status: int = 0) -> bool:
    """Return whether a call was throttled.

    code         the error code as botocore reads it
    http_status  the status of the answer; 0 if it is not known
    """
    return code in THROTTLED or http_status == 429


def passes(code: str, http_status: int = 0) -> bool:
    """Return whether an error is transient: the same call can succeed a little later."""
    return code in PASSING or http_status == 429 or http_status >= 500
