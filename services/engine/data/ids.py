"""Ids as arrays of sorted UTF-8 of fixed width; rows hold the place of an id among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from services.engine.recipes.histories import Ints

Ids = npt.NDArray[np.bytes_]

_SIGNED_BITS = 63


def encode(column: Any) -> tuple[Ids, Ints]:
    """Return the distinct values of an Arrow column of text without nulls, and each row's place among them (int32)."""
    encoded = column.unify_dictionaries() if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded = encoded.combine_chunks()
    values = fixed_width(encoded.dictionary)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    used = np.zeros(len(values), bool)
    used[codes] = True
    order = np.flatnonzero(used)
    order = order[np.argsort(values[order])]
    places = np.empty(len(values), np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return values[order], places[codes]


def fixed_width(texts: Any) -> Ids:
    """Convert an Arrow array of text without nulls to an array of UTF-8."""
    return np.array([text.encode() for text in texts.to_pylist()], dtype=np.bytes_)


def decoded(ids: Ids) -> list[str]:
    """Return ids as texts."""
    return [key.decode() for key in ids.tolist()]


def look_up(ids: Ids, keys: Sequence[str]) -> Ints:
    """Return the places of keys among sorted ids, -1 for a key that is not there."""
    return places_of(ids, np.array([key.encode() for key in keys], dtype=np.bytes_))


def places_of(ids: Ids, keys: Ids) -> Ints:
    """Return the places of keys among sorted ids, -1 for a key that is not there."""
    if not len(ids) or not len(keys):
        return np.full(len(keys), -1)
    places = np.minimum(np.searchsorted(ids, keys), len(ids) - 1)
    return np.where(ids[places] == keys, places, -1)


def united(left: Ids, right: Ids) -> tuple[Ids, tuple[Ints, Ints]]:
    """Return the sorted union of two arrays of ids, and the places of the ids of each in it."""
    if len(left) == len(right) and (left == right).all():
        same = np.arange(len(left), dtype=np.int32)
        return left, (same, same)
    ids = np.union1d(left, right)
    return ids, (np.searchsorted(ids, left).astype(np.int32), np.searchsorted(ids, right).astype(np.int32))


def stable_order(keys: Ints) -> Ints:
    """Return `np.argsort(keys, kind="stable")` in a tenth of the time, by sorting key and place as one number."""
    if not len(keys):
        return np.empty(0, np.int64)
    least, place_bits = int(keys.min()), len(keys).bit_length()
    if (int(keys.max()) - least).bit_length() + place_bits > _SIGNED_BITS:
        return np.argsort(keys, kind="stable")
    packed = ((keys.astype(np.int64) - least) << place_bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << place_bits) - 1)
