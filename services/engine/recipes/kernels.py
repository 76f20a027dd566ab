"""Compiled loops over sparse data, where numpy would need a matrix of users by items.

They release the GIL, so that threads share the work. numba's own threads are not used: not every build allows two
parallel regions at once. Machine code is cached beside the module or, if that is read only, in `NUMBA_CACHE_DIR`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numba
import numpy as np

if TYPE_CHECKING:
    from services.engine.recipes.histories import Floats, Ints

F = TypeVar("F", bound=Callable[..., Any])
#: The compiler may reorder sums, which it needs to use vectors. NaN and infinity keep their meaning.
REORDERED = {"reassoc", "contract", "nsz"}
NOWHERE = np.int32(2**31 - 1)


def compiled(function: F) -> F:
    """Compile a function to machine code, cached between processes if a folder for it can be written."""
    try:
        return cast(F, numba.njit(nogil=True, cache=True, fastmath=REORDERED)(function))
    except RuntimeError:  # no folder for the cache: every process compiles it
        return cast(F, numba.njit(nogil=True, fastmath=REORDERED)(function))


@compiled
def push(values: Floats, columns: Ints, value: Any, column: Any) -> None:
    """Replace the worst value of a heap of the best values; of equal values the lower column is better.

    A heap begins as -inf at NOWHERE. The caller makes sure that the value is not worse than the worst.
    """
    size, place = len(values), 0
    while True:
        worse = 2 * place + 1
        if worse >= size:
            break
        other = worse + 1
        if other < size and (
            values[other] < values[worse] or (values[other] == values[worse] and columns[other] > columns[worse])
        ):
            worse = other
        if values[worse] > value or (values[worse] == value and columns[worse] < column):
            break
        values[place], columns[place] = values[worse], columns[worse]
        place = worse
    values[place], columns[place] = value, column


@compiled
def count_pairs(starts: Ints, items: Ints, n_items: int) -> Ints:
    """Count the distinct items of each user, shape (n_users,)."""
    counts = np.zeros(len(starts) - 1, np.int64)
    seen_by = np.full(n_items, -1, np.int64)
    for user in range(len(starts) - 1):
        for event in range(starts[user], starts[user + 1]):
            if seen_by[items[event]] != user:
                seen_by[items[event]] = user
                counts[user] += 1
    return counts


@compiled
def fill_pairs(
    starts: Ints, items: Ints, ages: Ints, weights: Floats, fading: Floats, span: int, pair_starts: Ints,
    pair_items: Ints, memory: Floats, presence: Floats, counts: Ints, last: Ints, n_items: int,
) -> None:  # fmt: skip
    """Fold the events of each user and item into one pair, in order of first events; see `recipes.pairs`.

    fading[age] is the weight in `memory` of an event of that age, if it is younger than `span`.
    """
    place = np.zeros(n_items, np.int64)
    for user in range(len(starts) - 1):
        end = pair_starts[user]
        for event in range(starts[user], starts[user + 1]):
            item, age = items[event], ages[event]
            pair = place[item]
            if not (pair_starts[user] <= pair < end and pair_items[pair] == item):
                pair = end
                end += 1
                place[item] = pair
                pair_items[pair] = item
            if age < span:
                memory[pair] += weights[event] * fading[age]
            presence[pair] += weights[event] / np.float32(1 + age)
            counts[pair] += 1
            last[pair] = age  # events come oldest first


@compiled
def newest_from(starts: Ints, ends: Ints, moments: Ints, of_moments: bool, share: Any) -> Ints:
    """Return where the newest share of each user's events starts:ends begins, at least one; see `Histories.newest`.

    of_moments  take the share of the distinct times, so that events of one time stay together
    """
    begins = np.empty(len(ends), np.int64)
    for user in range(len(ends)):
        begin, first = starts[user], ends[user]
        if of_moments and first > begin:
            size = moments[first - 1] + 1
            oldest = size - np.int64(np.ceil(size * share))
            while first > begin and moments[first - 1] >= oldest:
                first -= 1
        else:
            first -= np.int64(np.ceil((first - begin) * share))
        begins[user] = first
    return begins


@compiled
def kind_of(presence: Any, count: Any, last: Any, steps: Ints, presence_steps: int) -> int:
    """Return the number of a pair's kind; see `recipes.repeat`."""
    halves = np.floor(2 * np.log2(max(presence, np.float32(1e-6))))
    present = min(max(int(halves) + presence_steps // 2, 0), presence_steps - 1)
    count, last = np.searchsorted(steps, count, side="right") - 1, np.searchsorted(steps, last, side="right") - 1
    return int((present * len(steps) + count) * len(steps) + last)


@compiled
def kinds_of(presence: Floats, counts: Ints, last: Ints, steps: Ints, presence_steps: int) -> Ints:
    """Return the kinds of many pairs."""
    kinds = np.empty(len(presence), np.int64)
    for pair in range(len(presence)):
        kinds[pair] = kind_of(presence[pair], counts[pair], last[pair], steps, presence_steps)
    return kinds


@compiled
def fill_cases(
    starts: Ints, cuts: Ints, ends: Ints, items: Ints, moments: Ints, weights: Floats, steps: Ints,
    presence_steps: int, kinds: Ints, case_items: Ints, again: Ints, n_items: int,
) -> int:  # fmt: skip
    """Fold the events starts:cuts of each user into pairs, mark those repeated in cuts:ends, and return their number.

    See `recipes.repeat`. The arrays to write have room for a pair of every event.
    """
    room, n_pairs = len(kinds), 0
    place = np.zeros(n_items, np.int64)
    presence, counts, last = np.zeros(room, np.float32), np.zeros(room, np.int64), np.zeros(room, np.int64)
    for user in range(len(cuts)):
        first = n_pairs
        for event in range(starts[user], cuts[user]):
            item, age = items[event], moments[cuts[user] - 1] - moments[event]
            pair = place[item]
            if not (first <= pair < n_pairs and case_items[pair] == item):
                pair = n_pairs
                n_pairs += 1
                place[item], case_items[pair], again[pair] = pair, item, 0
            presence[pair] += weights[event] / np.float32(1 + age)
            counts[pair] += 1
            last[pair] = age  # events come oldest first
        for event in range(cuts[user], ends[user]):
            pair = place[items[event]]
            if first <= pair < n_pairs and case_items[pair] == items[event]:
                again[pair] = 1
        for pair in range(first, n_pairs):
            kinds[pair] = kind_of(presence[pair], counts[pair], last[pair], steps, presence_steps)
    return n_pairs


@compiled
def mark_hits(ranked: Ints, starts: Ints, items: Ints, n_items: int, hits: Any) -> None:
    """Mark the places of each list that hold one of its user's items; `hits` has the shape of `ranked`."""
    true_of = np.full(n_items, -1, np.int64)
    for user in range(len(ranked)):
        for event in range(starts[user], starts[user + 1]):
            true_of[items[event]] = user
        for place in range(ranked.shape[1]):
            hits[user, place] = true_of[ranked[user, place]] == user


@compiled
def take_earliest(items: Ints, times: Ints, earliest: Ints) -> None:
    """Lower `earliest`, one time per item, to the time of each earlier event."""
    for event in range(len(items)):
        earliest[items[event]] = min(earliest[items[event]], times[event])


@compiled
def add_outer(starts: Ints, items: Ints, gram: Floats) -> None:
    """Add the number of users that two items share to each cell of a dense matrix; items are distinct within users."""
    for user in range(len(starts) - 1):
        for left in range(starts[user], starts[user + 1]):
            row = gram[items[left]]
            for right in range(starts[user], starts[user + 1]):
                row[items[right]] += np.float32(1)


@compiled
def regress(precision: Floats) -> None:
    """Turn the upper half of a precision matrix, in place, into the weights of each column's regression.

    Both halves are written block by block, so that the transposed half stays in the cache.
    """
    size, block = len(precision), 64
    scale = np.empty(size, np.float32)
    for item in range(size):
        scale[item] = np.float32(-1) / precision[item, item]
    for top in range(0, size, block):
        for left in range(top, size, block):
            for row in range(top, min(top + block, size)):
                for column in range(max(left, row + 1), min(left + block, size)):
                    value = precision[row, column]
                    precision[row, column] = value * scale[column]
                    precision[column, row] = value * scale[row]
    for item in range(size):
        precision[item, item] = 0


@compiled
def walk(
    item_starts: Ints, item_users: Ints, user_starts: Ints, user_items: Ints, user_weights: Floats, own_scale: Floats,
    scale: Floats, least: Any, values: Floats, columns: Ints, first: int, last: int,
) -> None:  # fmt: skip
    """Find the best neighbours of items first:last over shared users; see `recipes.neighbourhood`."""
    shared = np.zeros(len(scale), np.float32)
    support = np.zeros(len(scale), np.int32)
    touched = np.empty(len(scale), np.int32)
    for item in range(first, last):
        n_touched = 0
        for place in range(item_starts[item], item_starts[item + 1]):
            user = item_users[place]
            for other in user_items[user_starts[user] : user_starts[user + 1]]:
                if support[other] == 0:
                    touched[n_touched] = other
                    n_touched += 1
                support[other] += 1
                shared[other] += user_weights[user]
        best, where = values[item], columns[item]
        for other in touched[:n_touched]:
            value = shared[other] * own_scale[item] * scale[other]
            if (
                other != item
                and support[other] >= least
                and (value > best[0] or (value == best[0] and other < where[0]))
            ):
                push(best, where, value, other)
            shared[other], support[other] = 0, 0


@compiled
def follow(
    event_starts: Ints, events: Ints, items: Ints, ends: Ints, reach: int, shrinkage: Any, values: Floats,
    columns: Ints, first: int, last: int,
) -> None:  # fmt: skip
    """Find the best followers of items first:last; see `recipes.sequence`. `ends` is the end of each event's user."""
    weight = np.zeros(len(event_starts) - 1, np.float32)
    touched = np.empty(len(event_starts) - 1, np.int32)
    for item in range(first, last):
        n_touched, support = 0, np.float32(0)
        for event in events[event_starts[item] : event_starts[item + 1]]:
            for gap in range(1, min(reach, ends[event] - 1 - event) + 1):
                other = items[event + gap]
                if other != item:
                    if weight[other] == 0:
                        touched[n_touched] = other
                        n_touched += 1
                    weight[other] += np.float32(1) / np.float32(gap)
                    support += np.float32(1) / np.float32(gap)
        best, where = values[item], columns[item]
        for other in touched[:n_touched]:
            value = weight[other] / (support + shrinkage)
            if value > best[0] or (value == best[0] and other < where[0]):
                push(best, where, value, other)
            weight[other] = 0


@compiled
def rank_dense(
    starts: Ints, items: Ints, memory: Floats, own: Floats, familiar: Any, weights: Floats, width: int, prior: Floats,
    best: Floats, where: Ints, totals: Floats, first: int, last: int,
) -> None:  # fmt: skip
    """Score the items for users first:last by dense weights, `width` columns at a time; see `recipes.scoring`."""
    for offset in range(0, len(prior), width):
        end = min(offset + width, len(prior))
        scores = np.empty(end - offset, np.float32)
        for user in range(first, last):
            scores[:] = 0
            for pair in range(starts[user], starts[user + 1]):
                row, weight = weights[items[pair], offset:end], memory[pair]
                for column in range(len(scores)):
                    scores[column] += weight * row[column]
            for pair in range(starts[user], starts[user + 1]):
                column = items[pair] - offset
                if 0 <= column < len(scores):
                    scores[column] = scores[column] * familiar + own[pair]
            total = np.float32(0)
            for column in range(len(scores)):
                scores[column] = max(scores[column], np.float32(0)) + prior[offset + column]
                total += scores[column]
            totals[user] += total
            values, columns = best[user], where[user]
            for column in range(len(scores)):
                if scores[column] > values[0]:
                    push(values, columns, scores[column], np.int32(offset + column))


@compiled
def gather(
    pair_items: Ints, memory: Floats, row_starts: Ints, row_items: Ints, row_values: Floats, scores: Floats,
    touched: Ints, seen: Ints,
) -> int:  # fmt: skip
    """Add up the rows of one user's items; list these items and those they reach in `touched`."""
    n_touched = 0
    for item in pair_items:
        if seen[item] == 0:
            seen[item] = 1
            touched[n_touched] = item
            n_touched += 1
    for pair in range(len(pair_items)):
        for place in range(row_starts[pair_items[pair]], row_starts[pair_items[pair] + 1]):
            item = row_items[place]
            if seen[item] == 0:
                seen[item] = 1
                touched[n_touched] = item
                n_touched += 1
            scores[item] += memory[pair] * row_values[place]
    return n_touched


@compiled
def rank_sparse(
    starts: Ints, items: Ints, memory: Floats, own: Floats, familiar: Any, row_starts: Ints, row_items: Ints,
    row_values: Floats, prior: Floats, popular: Ints, prior_sum: Any, best: Floats, where: Ints, totals: Floats,
    first: int, last: int,
) -> None:  # fmt: skip
    """Score the items that sparse weights reach for users first:last, and fill up with the most popular items."""
    scores = np.zeros(len(prior), np.float32)
    touched, seen = np.empty(len(prior), np.int32), np.zeros(len(prior), np.int8)
    for user in range(first, last):
        begin, end = starts[user], starts[user + 1]
        n_touched = gather(
            items[begin:end], memory[begin:end], row_starts, row_items, row_values, scores, touched, seen
        )
        for pair in range(begin, end):
            scores[items[pair]] = scores[items[pair]] * familiar + own[pair]
        values, columns, total = best[user], where[user], np.float32(prior_sum)
        for item in touched[:n_touched]:
            preference = max(scores[item], np.float32(0))
            total += preference
            score = preference + prior[item]
            if score > values[0] or (score == values[0] and item < columns[0]):
                push(values, columns, score, item)
            scores[item] = 0
        for item in popular:
            if prior[item] < values[0]:
                break
            if seen[item] == 0 and (prior[item] > values[0] or item < columns[0]):
                push(values, columns, prior[item], item)
        for item in touched[:n_touched]:
            seen[item] = 0
        totals[user] = total


@compiled
def settle(best: Floats, where: Ints, totals: Floats, first: int, last: int) -> None:
    """Turn the heaps of users first:last into lists, best first, and their scores into shares."""
    for user in range(first, last):
        values, columns = best[user], where[user]
        for end in range(len(values) - 1, 0, -1):
            worst, column = values[0], columns[0]
            push(values[:end], columns[:end], values[end], columns[end])
            values[end], columns[end] = worst, column
        for place in range(len(values)):
            values[place] /= totals[user]
