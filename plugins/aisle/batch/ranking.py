"""Turn a record of batch output into a cached list, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import Literal

import msgspec

from aisle.contracts.limits import LONGEST_ID
from aisle.contracts.personalize import BatchAnswer, BatchOutput
from aisle.contracts.recommendations import ScoredProduct, ScoreKind, Subject
from personalize_kinds.endpoints import is_amazons

MAX_KEY_LENGTH = LONGEST_ID  # of the cache's key columns

_decode = msgspec.json.Decoder(BatchOutput).decode


@dataclass(frozen=True, slots=True)
class RankedList:
    """One row of the cache: products best first."""

    key: str
    products: list[ScoredProduct]
    is_scored: bool  # False: the scores are places


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why a record gave no list."""

    reason: Literal["undecodable", "unusable_id", "error", "empty"]
    detail: str


def read_record(text: bytes, subject: Subject) -> RankedList | Rejected:
    """Read one record. Never raises because of its content."""
    try:
        record = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Rejected("undecodable", str(error))
    if record.error:
        return Rejected("error", record.error)
    key = record.input.userId if subject == "users" else record.input.itemId
    if not key or len(key) > MAX_KEY_LENGTH or "\0" in key:
        return Rejected("unusable_id", f"the id must have 1 to {MAX_KEY_LENGTH} characters and no NUL")
    return _ranked(key, record.output or BatchAnswer())


def _ranked(key: str, answer: BatchAnswer) -> RankedList | Rejected:
    """An item is never similar to itself. Scores count only where every product has one."""
    items, scores = answer.recommendedItems, answer.scores
    if scores and len(scores) == len(items):
        pairs = sorted(zip(items, scores, strict=True), key=itemgetter(1), reverse=True)
        products = [ScoredProduct(item, score) for item, score in pairs if item != key]
    else:
        scores = None
        others = [item for item in items if item != key]
        products = [ScoredProduct(item, score_of_place(place, len(others))) for place, item in enumerate(others)]
    if not products:
        return Rejected("empty", "the list holds no product but the asked one")
    return RankedList(key, products, is_scored=bool(scores))


def score_of_place(place: int, length: int) -> float:
    """A score for a list that came without: 1 for the first place (0), then evenly down, always above 0."""
    return 1 - place / length


def score_kind(personalize_endpoint: str | None) -> ScoreKind:
    """Say whose scores the lists of an endpoint have; None is the endpoint of Personalize itself."""
    return "personalize" if is_amazons(personalize_endpoint) else "engine"
