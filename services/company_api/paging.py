"""What a request asks for, and which orders that is."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from services.company_api.order_book import OrderBook
from services.company_api.settings import Shape


def _moment(text: Any) -> datetime:
    """ISO 8601; without a zone it is UTC, and a bare date is its midnight."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{text!r} is no ISO 8601 date or time; write 2026-06-30 or 2026-06-30T12:00:00Z, and '+' as %2B"
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_moment)]


class Span(BaseModel):
    """A query string that names a span. A parameter that is not here is refused, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_date: Moment = Field(description="First order_date that is in (ISO 8601; no zone: UTC)")
    end_date: Moment = Field(description="First order_date that is out")

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.end_date < self.start_date:
            raise ValueError("end_date lies before start_date; swap them")
        return self


class PageQuery(Span):
    """The query string of a page."""

    limit: int = Field(100, ge=1, le=1_000, description="Orders per page")
    page: int | None = Field(None, ge=1, description="Number of the page, from 1")
    cursor: str | None = Field(None, min_length=1, description="`next_cursor` of the answer before, instead of page")
    shape: Shape | None = Field(None, description="envelope: data and next_cursor; list: the bare orders")

    @model_validator(mode="after")
    def _agree(self) -> PageQuery:
        if self.cursor is not None and (self.page is not None or self.shape == "list"):
            raise ValueError("cursor stands alone; leave out page and shape=list")
        return self


@dataclass(frozen=True, slots=True)
class Selection:
    """One page of a book: at most `size` orders from position `start`, inside the query's window [first, last)."""

    start: int
    size: int
    first: int
    last: int

    @property
    def stop(self) -> int:
        return min(self.start + self.size, self.last)

    @property
    def cursor(self) -> str:
        """The cursor that leads here."""
        return base64.urlsafe_b64encode(f"order:{self.start}".encode()).decode().rstrip("=")

    @property
    def next_cursor(self) -> str | None:
        return replace(self, start=self.stop).cursor if self.stop < self.last else None

    def previous(self) -> Selection:
        """The page before this one; before the first there is only the first."""
        return replace(self, start=max(self.first, self.start - self.size))


def select(book: OrderBook, query: PageQuery, page_cap: int | None) -> Selection:
    """The page that `query` asks for; empty behind the last one."""
    first, last = book.window(query.start_date, query.end_date)
    size = min(query.limit, page_cap or query.limit)
    if query.cursor is not None:
        return Selection(_position(query.cursor, first, last), size, first, last)
    return Selection(min(first + ((query.page or 1) - 1) * size, last), size, first, last)


def _position(cursor: str, first: int, last: int) -> int:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        position = int(text.removeprefix("order:"))
    except (binascii.Error, ValueError) as error:
        raise _bad_cursor(cursor, "it is none of this server's") from error
    if not first <= position <= last:
        raise _bad_cursor(cursor, "it belongs to another window or source")
    return position


def _bad_cursor(cursor: str, why: str) -> RequestValidationError:
    message = f"cursor cannot be used: {why}; begin again without one"
    return RequestValidationError([{"type": "cursor", "loc": ("query", "cursor"), "msg": message, "input": cursor}])
