"""Orders of a fictional shop, at the reference scale or a multiple of it.

Reference scale: 180,483 users, 4,182 items, 1,971,527 order items, of which about 1.54 million are distinct pairs of
user and item. Few items make most sales; users belong to groups of taste; some order items are repeats.

    python -m benchmarks.engine.dataset FOLDER --scale 0.05
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

USERS, ITEMS, ORDER_ITEMS = 180_483, 4_182, 1_971_527
SEED = 20
GROUPS = 60
GROUP_SHARE = 0.5  # of order items that follow the user's group and not the whole shop
REPEAT_SHARE = 0.27
ZIPF_SHIFT, ZIPF_POWER = 10.0, 1.0
ACTIVITY_SPREAD = 1.0
MAX_TRUTHS = 10_000
FIRST_MOMENT, SECONDS = 1_690_000_000, 60_000_000

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Orders:
    """Order items by user and time; shapes (n_order_items,). `times` are epoch seconds."""

    users: Ints
    items: Ints
    times: Ints
    n_users: int
    n_items: int


@dataclass(frozen=True, slots=True)
class Folder:
    """The input of a contender: order items to learn from, and users with one later order item each."""

    path: Path

    def load(self) -> dict[str, Any]:
        return {name: np.load(self.path / f"{name}.npy") for name in ("users", "items", "truth_users", "truth_items")}


def generate(scale: float = 1.0, *, item_scale: float | None = None, seed: int = SEED) -> Orders:
    """Generate orders at a multiple of the reference scale; `item_scale` is that of the items, by default the same."""
    n_users, n_order_items = round(USERS * scale), round(ORDER_ITEMS * scale)
    n_items = round(ITEMS * (scale if item_scale is None else item_scale))
    random = np.random.default_rng(seed)
    activity = random.lognormal(0, ACTIVITY_SPREAD, n_users)
    lengths = 1 + random.multinomial(n_order_items - n_users, activity / activity.sum())
    users = np.repeat(np.arange(n_users), lengths)
    items = _drawn(users, n_users, n_items, random)
    items = _with_repeats(items, lengths, random)
    times = FIRST_MOMENT + random.integers(0, SECONDS, n_order_items)
    times = times[np.lexsort((times, users))]
    return Orders(users, items, times, n_users, n_items)


def _drawn(users: Ints, n_users: int, n_items: int, random: np.random.Generator) -> Ints:
    """Draw an item for each order item: one that sells well in the whole shop, or in the user's group."""
    shares = 1 / (ZIPF_SHIFT + np.arange(n_items)) ** ZIPF_POWER
    ranks = np.searchsorted(np.cumsum(shares) / shares.sum(), random.random(len(users)))
    groups = random.integers(0, GROUPS, n_users)[users]
    by_group = random.random(len(users)) < GROUP_SHARE
    # Each group has its own order of the items: shifts by multiples of 7 let groups overlap little.
    shifted = (ranks + groups * (n_items // GROUPS) * 7 + groups) % n_items
    return np.where(by_group, shifted, ranks)


def _with_repeats(items: Ints, lengths: Ints, random: np.random.Generator) -> Ints:
    """Replace some items by an earlier item of the same user."""
    starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
    nth = np.arange(len(items)) - starts
    earlier = starts + (random.random(len(items)) * nth).astype(np.int64)
    repeated = (nth > 0) & (random.random(len(items)) < REPEAT_SHARE)
    return np.where(repeated, items[earlier], items)


def write_folder(orders: Orders, path: Path, seed: int = SEED) -> Folder:
    """Write the arrays that every contender reads; the last order item of some users is kept apart as the truth."""
    path.mkdir(parents=True, exist_ok=True)
    last = np.flatnonzero(np.diff(orders.users, append=orders.n_users) > 0)
    active = last[np.bincount(orders.users)[orders.users[last]] > 1]
    chosen = np.sort(np.random.default_rng(seed).permutation(active)[:MAX_TRUTHS])
    kept = np.ones(len(orders.users), bool)
    kept[chosen] = False
    arrays = {
        "users": orders.users[kept], "items": orders.items[kept], "times": orders.times[kept],
        "truth_users": orders.users[chosen], "truth_items": orders.items[chosen],
    }  # fmt: skip
    for name, values in arrays.items():
        np.save(path / f"{name}.npy", values)
    return Folder(path)


def write_csv(orders: Orders, path: Path) -> None:
    """Write a CSV for the Interactions dataset: user-0000001, item-0000001, purchase, no value, time."""
    table = pa.table(
        {
            "USER_ID": _names("user", orders.n_users).take(pa.array(orders.users)),
            "ITEM_ID": _names("item", orders.n_items).take(pa.array(orders.items)),
            "EVENT_TYPE": pa.array(["purchase"]).take(pa.array(np.zeros(len(orders.users), np.int64))),
            "EVENT_VALUE": pa.nulls(len(orders.users), pa.float32()),
            "TIMESTAMP": pa.array(orders.times),
        }
    )
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="none"))


def user_ids(n_users: int) -> list[str]:
    names: list[str] = _names("user", n_users).to_pylist()
    return names


def item_ids(n_items: int) -> list[str]:
    names: list[str] = _names("item", n_items).to_pylist()
    return names


def _names(what: str, number: int) -> Any:
    return pa.array([f"{what}-{n:07d}" for n in range(number)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args()
    orders = generate(options.scale)
    write_folder(orders, options.folder)
    pairs = len(np.unique(orders.users * orders.n_items + orders.items))
    size = f"{orders.n_users:,} users, {orders.n_items:,} items, {len(orders.users):,} order items"
    print(f"{size}, {pairs:,} distinct pairs")


if __name__ == "__main__":
    main()
