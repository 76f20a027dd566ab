"""Every error that the API answers with, as one tree. Each knows its code and its HTTP status.

Pages of another origin, and callers that ask by another name than the API was given, get 403 `forbidden` before all.

ServingError
├── Unauthorized        401  no API key, or one that is not accepted
├── TokenRefused        401  a user token that is not accepted
├── Forbidden           403  a user token, with another user named
├── LoginNeeded         401  a page without a login that is accepted
├── InvalidBody         400  a body that cannot be read
├── ItemUnknown         404  no list is cached for this item
├── RecommendationUnknown 404 feedback on an item that was not recommended
├── PredictionUnknown   404  no churn prediction for this user
├── GroupUnknown        404  no lists are published for a dataset group of this name
├── RegionUnknown       404  no order names a region of this name
├── WindowUnknown       404  nothing is kept of a window
├── RequestUnknown      404  no request of the shop page has this id
├── ExperimentUnknown   404  the file of the experiments has none of this name
├── BodyTooLarge        413  a body, or the number of its events
├── PersonErased        409  an event of a user who is erased at this moment
├── InvalidRequest      422  parameters that do not go together
├── RateLimited         429  a user's calls of this minute are used up
├── TooManyRequests     429  more requests at a time than are answered
├── DatabaseUnreachable 503  the warehouse does not answer
├── TableMissing        503  the warehouse lacks a table that is read here
├── IdentityKeyMissing  503  ids of users cannot be turned into user ids
├── RecommendationFailed 503  a request of the shop page could not be answered
├── RecommendationLate  504  a request of the shop page has no answer within its limit
├── PredictionsMissing  503  no churn prediction was ever made
└── CacheEmpty          503  no generation was ever published
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

log = structlog.get_logger(__name__)


class ErrorDetail(BaseModel):
    """What went wrong."""

    code: str = Field(description="For programs: one word that does not change", examples=["item_unknown"])
    message: str = Field(description="For people")


class ErrorBody(BaseModel):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ServingError(Exception):
    """Root of all errors that the API answers with on purpose; the message is shown to the caller."""

    status: ClassVar[HTTPStatus]
    code: ClassVar[str]
    headers: Mapping[str, str] = MappingProxyType({})


class Unauthorized(ServingError):
    """No API key was sent, or one that is not accepted."""

    status, code, headers = HTTPStatus.UNAUTHORIZED, "unauthorized", {"WWW-Authenticate": "Bearer"}


class TokenRefused(ServingError):
    """A user token that is expired, for somebody else, or not signed as the settings say."""

    status, code, headers = (
        HTTPStatus.UNAUTHORIZED,
        "token_refused",
        {"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


class Forbidden(ServingError):
    """A user token names another user than the request does."""

    status, code = HTTPStatus.FORBIDDEN, "forbidden"


class LoginNeeded(ServingError):
    """A page was asked for without a login, or with one that is not accepted."""

    status, code = HTTPStatus.UNAUTHORIZED, "login_needed"
    headers = MappingProxyType({"WWW-Authenticate": 'Basic realm="Aisle", charset="UTF-8"'})


class InvalidBody(ServingError):
    """The body cannot be read."""

    status, code = HTTPStatus.BAD_REQUEST, "invalid_body"


class BodyTooLarge(ServingError):
    """The body is too large, or has too many events."""

    status, code = HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large"


class TooManyRequests(ServingError):
    """More requests are waiting than can be answered soon."""

    status, code, headers = HTTPStatus.TOO_MANY_REQUESTS, "too_many_requests", {"Retry-After": "1"}


class ItemUnknown(ServingError):
    """No list is cached for this item."""

    status, code = HTTPStatus.NOT_FOUND, "item_unknown"


class RecommendationUnknown(ServingError):
    """Feedback on an item that this user was not recommended."""

    status, code = HTTPStatus.NOT_FOUND, "recommendation_unknown"


class PredictionUnknown(ServingError):
    """There is no churn prediction for this user."""

    status, code = HTTPStatus.NOT_FOUND, "prediction_unknown"


class PersonErased(ServingError):
    """The user of an event is erased at this moment."""

    status, code = HTTPStatus.CONFLICT, "person_erased"


class GroupUnknown(ServingError):
    """No lists are published for a dataset group of this name."""

    status, code = HTTPStatus.NOT_FOUND, "group_unknown"


class RegionUnknown(ServingError):
    """No order names a region of this name."""

    status, code = HTTPStatus.NOT_FOUND, "region_unknown"


class WindowUnknown(ServingError):
    """Nothing is kept of a window that is asked for."""

    status, code = HTTPStatus.NOT_FOUND, "window_unknown"


class RequestUnknown(ServingError):
    """No request of the shop page has this id."""

    status, code = HTTPStatus.NOT_FOUND, "request_unknown"


class RecommendationFailed(ServingError):
    """A request of the shop page could not be answered."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "recommendation_failed"


class RecommendationLate(ServingError):
    """A request of the shop page has no answer within its limit."""

    status, code = HTTPStatus.GATEWAY_TIMEOUT, "recommendation_late"


class ExperimentUnknown(ServingError):
    """The file of the experiments has none of this name."""

    status, code = HTTPStatus.NOT_FOUND, "experiment_unknown"


class InvalidRequest(ServingError):
    """Parameters that do not go together."""

    status, code = HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request"


class RateLimited(ServingError):
    """A user calls too often; `Retry-After` says when the next call counts."""

    status, code = HTTPStatus.TOO_MANY_REQUESTS, "rate_limited"

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": str(retry_after_seconds)}


class DatabaseUnreachable(ServingError):
    """The warehouse does not answer."""

    status, code, headers = HTTPStatus.SERVICE_UNAVAILABLE, "database_unreachable", {"Retry-After": "5"}


class TableMissing(ServingError):
    """The warehouse lacks a table that is read here."""

    status, code, headers = HTTPStatus.SERVICE_UNAVAILABLE, "table_missing", {"Retry-After": "60"}


class IdentityKeyMissing(ServingError):
    """Ids of users cannot be turned into user ids: a setting is missing."""

    status, code = HTTPStatus.SERVICE_UNAVAILABLE, "identity_key_missing"


class PredictionsMissing(ServingError):
    """No churn prediction was ever made."""

    status, code, headers = HTTPStatus.SERVICE_UNAVAILABLE, "predictions_missing", {"Retry-After": "3600"}


class CacheEmpty(ServingError):
    """No generation was ever published."""

    status, code, headers = HTTPStatus.SERVICE_UNAVAILABLE, "cache_empty", {"Retry-After": "60"}


def responses(*errors: type[ServingError], model: type[BaseModel] = ErrorBody) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route that may answer with these errors, in bodies of this model."""
    described: dict[int, list[str]] = {}
    for error in errors:
        described.setdefault(error.status, []).append(f"`{error.code}`: {error.__doc__}")
    return {status: {"model": model, "description": "  \n".join(texts)} for status, texts in described.items()}


INVALID_REQUEST: dict[int | str, dict[str, Any]] = {
    422: {"model": ErrorBody, "description": "`invalid_request`: A parameter is outside of what is allowed."}
}

#: Of a route that takes a body.
UNREADABLE_BODY: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorBody, "description": "`bad_request`: The body cannot be read, such as one that is not UTF-8."}
}


def forbidden(reason: str) -> JSONResponse:
    """The answer to a request that comes from somebody else's web page."""
    return _answer(HTTPStatus.FORBIDDEN, "forbidden", reason)


def https_required() -> JSONResponse:
    """The answer to a request that was sent in the clear, where that is refused."""
    return _answer(HTTPStatus.FORBIDDEN, "https_required", "send this request by https; nothing else is answered here")


def install_handlers(app: FastAPI) -> None:
    """Give every error the one body, Starlette's own (no such path, wrong method) included."""

    @app.exception_handler(ServingError)
    async def _ours(request: Request, error: ServingError) -> JSONResponse:
        return _answer(error.status, error.code, str(error), error.headers)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_request", faults)

    @app.exception_handler(HTTPException)
    async def _starlette(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        return _answer(status, status.phrase.lower().replace(" ", "_"), str(error.detail), error.headers)

    @app.exception_handler(Exception)
    async def _unexpected(request: Request, error: Exception) -> JSONResponse:
        log.error("unexpected error", exc_info=error)
        return _answer(
            HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error", "something broke here; the log has it by request id"
        )


def _answer(status: HTTPStatus, code: str, message: str, headers: Any = None) -> JSONResponse:
    body = ErrorBody(error=ErrorDetail(code=code, message=message))
    return JSONResponse(body.model_dump(), status_code=status, headers=dict(headers or {}))
