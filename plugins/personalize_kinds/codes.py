"""The error codes of a refused call, and what they say about trying again."""

from __future__ import annotations

#: The caller asks too fast. AWS services and the gateways before them have many words for it; botocore takes the HTTP
#: status for the code of an answer that has none.
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
#: The service, or what stands before it, is out of order.
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
#: Pass by themselves: the same call can succeed a little later.
PASSING = THROTTLED | FAULTS

NOT_FOUND = "ResourceNotFoundException"
ALREADY_EXISTS = "ResourceAlreadyExistsException"
#: Something else has to end or go first. Where that is a job, time is enough.
IN_USE = "ResourceInUseException"
#: Not throttling, although the name means that elsewhere in AWS: a quota is reached. Of what is pending there may be
#: only so many at a time, and then waiting helps; of what exists, only deleting does.
QUOTA_REACHED = "LimitExceededException"

#: PutEvents, PutItems and PutUsers were refused for what they hold: what it means, how it is written, or its size.
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
    """Say whether a call was refused because the caller asks too fast.

    code         the error code as botocore reads it
    http_status  the status of the answer; 0 if it is not known
    """
    return code in THROTTLED or http_status == 429


def passes(code: str, http_status: int = 0) -> bool:
    """Say whether the same call can succeed a little later, without anybody doing anything."""
    return code in PASSING or http_status == 429 or http_status >= 500
