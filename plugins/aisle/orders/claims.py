"""Claims: what an answer says, besides its orders, about whether they are complete.

The contract has only `data` and `next_cursor`. Order systems send more, each in its own terms, and an incomplete page
often says so there, or in its headers. Of a name only letters and digits count, without case; `meta`, `pagination`,
`links` and the like are searched too. A member that is null or empty claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aisle.orders.wording import wording

_CONTAINERS = frozenset(
    ("meta", "metadata", "pagination", "paging", "pageinfo", "page", "result", "resultinfo", "links", "cursors")
)
#: How many orders there are: of the page, or of the window.
_SIZES = frozenset(
    (
        *("total", "totalcount", "totalorders", "totalresults", "totalitems", "totalrecords", "totalelements"),
        *("count", "resultcount", "ordercount", "recordcount", "itemcount", "numberofelements", "norders"),
        *("odatacount", "xtotalcount", "xtotal", "contentrange"),
    )
)
_PAGES = frozenset(("totalpages", "pagecount", "pages", "lastpage", "npages", "xtotalpages"))
_MORE = frozenset(
    (
        *("hasmore", "more", "hasnext", "hasnextpage", "moreavailable", "next", "nextpage", "nexturl", "nextlink"),
        *("nextcursor", "nexttoken", "nextpagetoken", "nextpageurl", "continuationtoken"),
        *("odatanextlink", "xnextpage"),
    )
)
#: The cursor of the contract, which leads to the next page instead of claiming that there is one.
_CURSOR = "next_cursor"
#: Headers that claim what a member would.
_HEADERS = ("X-Total-Count", "X-Total", "X-Total-Pages", "X-Next-Page")
_NEXT_LINK = re.compile(r""";\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next\s*(?:[;,]|\Z))""", re.IGNORECASE)
_RANGE_TOTAL = re.compile(r"/(\d+)\s*\Z", re.ASCII)
_BAD_IF_TRUE = frozenset(("partial", "ispartial", "truncated", "istruncated", "incomplete", "timedout"))
_BAD_IF_FALSE = frozenset(("complete", "iscomplete"))
_ERRORS = frozenset(("error", "errors", "errormessage", "errormessages", "exception", "fault"))
_SUCCESS = frozenset(("success", "succeeded", "ok"))
_FAILED_STATUSES = frozenset(("error", "failed", "failure", "fail", "partial", "incomplete", "timeout"))
#: Values of an error member that mean that there is no error.
_NO_ERROR = frozenset(("", "false", "0", "none", "null", "ok", "success", "no error", "no errors"))
_NO_LETTER = re.compile(r"[^a-z0-9]")
_MOST_LEVELS = 10
_COUNT = re.compile(r"\d{1,18}", re.ASCII)
_WARNINGS = frozenset(("warning", "warnings"))
_WARNS_OF_LOSS = re.compile(r"(?i)partial|incomplete|truncat|timed? ?-?out|missing|not all|unavailable|skipped")


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of one answer, under the answer's own names, for messages."""

    #: Name and number of each count of orders.
    sizes: tuple[tuple[str, int], ...] = ()
    #: Name and number of each count of pages.
    pages: tuple[tuple[str, int], ...] = ()
    #: Names of members that say that more follow, and of those that say that nothing follows.
    more: tuple[str, ...] = ()
    no_more: tuple[str, ...] = ()
    #: Names of members by which the answer calls itself incomplete.
    incomplete: tuple[str, ...] = ()
    #: What failed in the API although the status was 200; None if nothing did.
    failure: str | None = None
    #: Warnings that say nothing about completeness.
    warning: str | None = None


def read_claims(members: Mapping[str, Any], headers: Mapping[str, str], ignored: Collection[str] = ()) -> Claims:
    """Return the claims of an answer's envelope and headers, except those of `ignored` members."""
    unheard = {_folded(name) for name in ignored}
    said = [*_flat((name, value) for name, value in members.items() if name != _CURSOR), *_said_in_headers(headers)]
    heard = [(name, _folded(name), value) for name, value in said if _folded(name) not in unheard]
    flags = [(name, folded, truth) for name, folded, value in heard if (truth := _truth(value)) is not None]
    warnings = "; ".join(wording(value) for _, folded, value in heard if folded in _WARNINGS and value)
    return Claims(
        sizes=tuple(_numbers(heard, _SIZES)),
        pages=tuple(_numbers(heard, _PAGES)),
        more=tuple(name for name, folded, truth in flags if folded in _MORE and truth) + _next_link(headers, unheard),
        no_more=tuple(name for name, folded, truth in flags if folded in _MORE and not truth),
        incomplete=tuple(
            name
            for name, folded, truth in flags
            if (folded in _BAD_IF_TRUE and truth) or (folded in _BAD_IF_FALSE and not truth)
        ),
        failure=_failure(heard, members) or (warnings if _WARNS_OF_LOSS.search(warnings) else None),
        warning=warnings or None,
    )


Heard = tuple[str, str, Any]


def _folded(name: str) -> str:
    return _NO_LETTER.sub("", name.lower())


def _flat(members: Iterable[tuple[str, Any]], levels: int = _MOST_LEVELS) -> Iterator[tuple[str, Any]]:
    for name, value in members:
        if isinstance(value, dict) and levels and _folded(name) in _CONTAINERS:
            yield from _flat(value.items(), levels - 1)
        else:
            yield name, value


def _said_in_headers(headers: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    yield from ((name, headers[name]) for name in _HEADERS if name in headers)
    if total := _RANGE_TOTAL.search(headers.get("Content-Range", "")):
        yield "Content-Range", total[1]


def _next_link(headers: Mapping[str, str], unheard: Collection[str]) -> tuple[str, ...]:
    """The header that links to a next page. One that does not may be about style sheets, and says nothing."""
    return ("Link",) if "link" not in unheard and _NEXT_LINK.search(headers.get("Link", "")) else ()


def _truth(value: Any) -> bool | None:
    """Return whether a flag is set; None if the value is no flag. Text and numbers count, such as a link."""
    if isinstance(value, str):
        return value.strip().lower() not in ("", "false", "no", "0", "null", "none")
    if isinstance(value, dict):
        return _is_set(value) or None
    return bool(value) if isinstance(value, bool | int) else None


def _numbers(heard: list[Heard], names: frozenset[str]) -> Iterator[tuple[str, int]]:
    for name, folded, value in heard:
        if folded in names and not isinstance(value, bool) and _COUNT.fullmatch(str(value).strip()):
            yield name, int(value)


def _is_error(value: Any) -> bool:
    """Whether an error member reports an error, by its words; if it has none, by whether anything in it is set."""
    words = wording(value)
    return words.lower().strip(" .!-") not in _NO_ERROR if words else _is_set(value)


def _is_set(value: Any, levels: int = _MOST_LEVELS) -> bool:
    if isinstance(value, dict | list) and levels:
        return any(_is_set(part, levels - 1) for part in (value.values() if isinstance(value, dict) else value))
    return bool(value.strip() if isinstance(value, str) else value)


def _failure(heard: list[Heard], members: Mapping[str, Any]) -> str | None:
    """Return the first sign of a failure, with the answer's words about it, or None."""
    for name, folded, value in heard:
        if folded in _ERRORS and _is_error(value):
            return f"`{name}` is “{wording(value)}”"
        has_failed = folded in _SUCCESS and _truth(value) is False
        if has_failed or (folded == "status" and str(value).strip().lower() in _FAILED_STATUSES):
            return f"`{name}` is {str(value)[:20]}, saying “{wording(dict(members))}”"
    return None
