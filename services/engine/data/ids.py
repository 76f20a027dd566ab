"""Ids as arrays: sorted UTF-8 of fixed width, looked up by halving, and rows that carry an id's place among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from services.engine.recipes.histories import Ints

Ids = npt.NDArray[np.bytes_]

_SIGNED_BITS = 63


def encode(column: Any) -> tuple[Ids, Ints]:
    """The distinct values of an Arrow column of text, without nulls, and each row's place among them (int32)."""
    encoded = column.unify_dictionaries() if _is_dictionary(column) else column.dictionary_encode()
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
    """An Arrow array of text without nulls as an array of UTF-8."""
    return np.array([text.encode() for text in texts.to_pylist()], dtype=np.bytes_)


def decoded(ids: Ids) -> list[str]:
    """The texts of ids."""
    return [key.decode() for key in ids.tolist()]


def look_up(ids: Ids, wanted: Sequence[str]) -> Ints:
    """Places of ids among sorted `ids`, -1 where there is none."""
    return places_of(ids, np.array([key.encode() for key in wanted], dtype=np.bytes_))


def places_of(ids: Ids, wanted: Ids) -> Ints:
    """Places of `wanted` among sorted `ids`, -1 where there is none."""
    if not len(ids) or not len(wanted):
        return np.full(len(wanted), -1)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[places] == wanted, places, -1)


def united(one: Ids, other: Ids) -> tuple[Ids, tuple[Ints, Ints]]:
    """The sorted ids of both, each once, and the place of either's ids among them."""
    if len(one) == len(other) and (one == other).all():
        same = np.arange(len(one), dtype=np.int32)
        return one, (same, same)
    ids = np.union1d(one, other)
    return ids, (np.searchsorted(ids, one).astype(np.int32), np.searchsorted(ids, other).astype(np.int32))


def stable_order(keys: Ints) -> Ints:
    """What `np.argsort(keys, kind="stable")` gives, in a tenth of the time: key and place are sorted as one number."""
    if not len(keys):
        return np.empty(0, np.int64)
    least, place_bits = int(keys.min()), len(keys).bit_length()
    if (int(keys.max()) - least).bit_length() + place_bits > _SIGNED_BITS:
        return np.argsort(keys, kind="stable")
    packed = ((keys.astype(np.int64) - least) << place_bits) | np.arange(len(keys))
    packed.sort()
    return packed & ((1 << place_bits) - 1)


def _is_dictionary(column: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_dictionary(column.type))
