"""What a call may raise.

AisleClientError
├── NotConfigured   no address or no API key
├── Unreachable     no response arrived, in any attempt
└── ApiError        the API refused or failed; `code` is the API's own word for it
"""

from __future__ import annotations


class AisleClientError(Exception):
    """Root of all errors of this package."""


class NotConfigured(AisleClientError):
    """The address of the API or the API key is missing."""


class Unreachable(AisleClientError):
    """No response arrived, in any attempt."""


class ApiError(AisleClientError):
    """
    The API answered with an error.

    :param code: The API's word for it, such as `item_unknown`; it does not change between versions.
    :param message: The API's explanation, for people.
    :param status: HTTP status.
    :param request_id: Name of the request in the API's log.
    """

    def __init__(self, code: str, message: str, status: int, request_id: str | None = None) -> None:
        super().__init__(f"{status} {code}: {message} (request {request_id})")
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id

    def __reduce__(self) -> tuple[type[ApiError], tuple[str, str, int, str | None]]:
        return type(self), (self.code, self.message, self.status, self.request_id)
