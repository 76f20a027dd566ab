"""Write answers as JSON lines by a compiled kernel: at 25 answers per line, Python objects would take the most time.

A line consists of pieces that are JSON already: the input as given, ids quoted and escaped once per model, numbers.
Scores have at most seven decimals, like the service's, and never an exponent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, NamedTuple  # noqa: TID251 - Numba compiles named tuples

import numpy as np
import numpy.typing as npt
import orjson
from numba import njit

from services.engine.recipes.histories import Floats, Ints

Bytes = npt.NDArray[np.uint8]

SCORE_UNITS = 10_000_000  # seven decimals
_SCORE_BYTES = 28  # the longest number: 18 digits, a point, a comma, and a margin
_ZERO, _POINT = ord("0"), ord(".")


class Pieces(NamedTuple):
    """Byte strings end to end: piece n is `joined[starts[n]:starts[n + 1]]`."""

    joined: Bytes
    starts: Ints

    @classmethod
    def of(cls, parts: Sequence[bytes]) -> Pieces:
        lengths = np.fromiter(map(len, parts), np.int64, len(parts))
        return cls(np.frombuffer(b"".join(parts), np.uint8), np.concatenate([[0], np.cumsum(lengths)]))

    @classmethod
    def quoted(cls, texts: Sequence[str]) -> Pieces:
        """Quote texts as JSON strings."""
        return cls.of([orjson.dumps(text) for text in texts])

    def concat(self, others: Pieces) -> Pieces:
        """Return these pieces and then the others."""
        starts = np.concatenate([self.starts, self.starts[-1] + others.starts[1:]])
        return Pieces(np.concatenate([self.joined, others.joined]), starts)

    @property
    def lengths(self) -> Ints:
        return np.diff(self.starts)


class Lists(NamedTuple):
    """The list of each line: list n is `places[starts[n]:starts[n + 1]]`, and its first answers have scores.

    Scores of list n are `scores[score_starts[n]:score_starts[n + 1]]`, positive and below 10 ** 9.
    """

    places: Ints
    starts: Ints
    scores: Floats
    score_starts: Ints

    @classmethod
    def of(cls, lists: Sequence[Ints], scores: Sequence[Floats]) -> Lists:
        """Join lists of any lengths, best first; a list may have fewer scores than answers."""
        return cls(*_joined(lists, np.int64), *_joined(scores, np.float64))


@dataclass(frozen=True, slots=True)
class Layout:
    """The fixed pieces of a line."""

    opening: bytes
    before_list: bytes
    between: bytes
    before_error: bytes
    closing: bytes
    before_scores: bytes = b""
    before_reasons: bytes = b""
    reason: bytes = b""


#: Places of the pieces in a layout.
_OPENING, _BEFORE_LIST, _BETWEEN, _BEFORE_ERROR, _CLOSING, _BEFORE_SCORES, _BEFORE_REASONS, _REASON = range(8)


def encode(layout: Layout, inputs: Sequence[bytes], errors: Sequence[str | None], names: Pieces, lists: Lists) -> bytes:
    """Write the lines, each with its line feed.

    inputs  the JSON of each line's input
    errors  what is wrong with a line, or None; a line in error has an empty list and no scores
    names   the JSON strings that the places of `lists` refer to
    """
    notes = Pieces.of([b"null" if error is None else orjson.dumps(error) for error in errors])
    in_error = np.fromiter((error is not None for error in errors), np.bool_, len(errors))
    given, frame = Pieces.of(inputs), Pieces.of(astuple(layout))
    answer_bytes = names.lengths.max(initial=0) + len(layout.between)
    answer_bytes += len(layout.reason) + len(layout.between) + (_SCORE_BYTES if layout.before_scores else 0)
    room = len(given.joined) + len(notes.joined) + len(frame.joined) * len(inputs) + len(lists.places) * answer_bytes
    out = np.empty(room, np.uint8)
    return out[: _write(out, frame, given, notes, in_error, names, lists)].tobytes()


def _joined(rows: Sequence[Any], kind: Any) -> tuple[Any, Ints]:
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    return np.concatenate([np.empty(0, kind), *rows]), np.concatenate([[0], np.cumsum(lengths)])


@njit(cache=True, nogil=True)
def _write(
    out: Bytes, frame: Pieces, inputs: Pieces, errors: Pieces, in_error: Any, names: Pieces, lists: Lists
) -> int:
    """Write every line to `out`; return the number of bytes. `frame` has the pieces of a Layout, in its order."""
    has_scores = frame.starts[_BEFORE_SCORES + 1] > frame.starts[_BEFORE_SCORES]
    has_reasons = frame.starts[_BEFORE_REASONS + 1] > frame.starts[_BEFORE_REASONS]
    at = 0
    for line in range(len(in_error)):
        at = _put(out, at, frame, _OPENING)
        at = _put(out, at, inputs, line)
        at = _put(out, at, frame, _BEFORE_LIST)
        at = _put_names(out, at, frame, names, lists.places[lists.starts[line] : lists.starts[line + 1]])
        if has_scores and not in_error[line]:
            at = _put(out, at, frame, _BEFORE_SCORES)
            at = _put_scores(out, at, frame, lists.scores[lists.score_starts[line] : lists.score_starts[line + 1]])
        if has_reasons and not in_error[line]:
            at = _put(out, at, frame, _BEFORE_REASONS)
            at = _put_reasons(out, at, frame, lists.starts[line + 1] - lists.starts[line])
        at = _put(out, at, frame, _BEFORE_ERROR)
        at = _put(out, at, errors, line)
        at = _put(out, at, frame, _CLOSING)
    return at


@njit(cache=True, nogil=True)
def _put_names(out: Bytes, at: int, frame: Pieces, names: Pieces, places: Ints) -> int:
    for nth in range(len(places)):
        if nth:
            at = _put(out, at, frame, _BETWEEN)
        at = _put(out, at, names, places[nth])
    return at


@njit(cache=True, nogil=True)
def _put_scores(out: Bytes, at: int, frame: Pieces, scores: Floats) -> int:
    for nth in range(len(scores)):
        if nth:
            at = _put(out, at, frame, _BETWEEN)
        at = _put_score(out, at, scores[nth])
    return at


@njit(cache=True, nogil=True)
def _put_reasons(out: Bytes, at: int, frame: Pieces, answers: int) -> int:
    for nth in range(answers):
        if nth:
            at = _put(out, at, frame, _BETWEEN)
        at = _put(out, at, frame, _REASON)
    return at


@njit(cache=True, nogil=True)
def _put(out: Bytes, at: int, pieces: Pieces, piece: int) -> int:
    for byte in range(pieces.starts[piece], pieces.starts[piece + 1]):
        out[at] = pieces.joined[byte]
        at += 1
    return at


@njit(cache=True, nogil=True)
def _put_score(out: Bytes, at: int, score: float) -> int:
    """Write a score, rounded to seven decimals but at least 0.0000001, without trailing zeros."""
    units = max(round(float(score) * SCORE_UNITS), 1)
    whole, part = units // SCORE_UNITS, units % SCORE_UNITS
    at = _put_digits(out, at, whole, _digits(whole))
    out[at] = _POINT
    decimals = 7
    while decimals > 1 and part % 10 == 0:
        part //= 10
        decimals -= 1
    return _put_digits(out, at + 1, part, decimals)


@njit(cache=True, nogil=True)
def _digits(number: int) -> int:
    digits = 1
    while number >= 10:
        number //= 10
        digits += 1
    return digits


@njit(cache=True, nogil=True)
def _put_digits(out: Bytes, at: int, number: int, digits: int) -> int:
    for place in range(at + digits - 1, at - 1, -1):
        out[place] = _ZERO + number % 10
        number //= 10
    return at + digits
