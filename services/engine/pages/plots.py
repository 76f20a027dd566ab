"""Plots as coordinates, in CSS pixels, which `templates/plot.svg` draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.engine.recipes.histories import Ints

WIDTH, HEIGHT = 460, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 20, 10, 34
MAX_POINTS = 80
MAX_DOTS = 20
MAX_VERSION_TICKS = 8


class Tick(NamedTuple):
    """A mark on an axis: its coordinate and label."""

    at: float
    label: str


class Curve(NamedTuple):
    """A curve: its name and the corners of its SVG polyline."""

    name: str
    corners: tuple[tuple[float, float], ...]

    @property
    def points(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.corners)


@dataclass(frozen=True)
class Plot:
    """A plot of curves, and a description for those who cannot see it; curves of up to `max_dots` corners have dots."""

    name: str
    title: str
    words: str
    x_label: str
    max_dots: int
    curves: tuple[Curve, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def popularity_curve(item_counts: Ints) -> Plot:
    """Plot the share of interactions by share of items; `item_counts` are interactions, shape (n_items,)."""
    shares = np.cumsum(np.sort(item_counts)[::-1]) / max(int(item_counts.sum()), 1)
    n_items = len(shares)
    places = np.unique(np.linspace(0, n_items - 1, MAX_POINTS).astype(int)) if n_items else np.empty(0, int)
    curve = [(0.0, 0.0), *(((place + 1) / n_items, float(shares[place])) for place in places.tolist())]
    tenth = float(shares[max(round(n_items / 10) - 1, 0)]) if n_items else 0.0
    return Plot(
        "popularity", "Popularity curve",
        f"The most popular tenth of {n_items:,} items has {tenth:.0%} of the interactions.",
        "share of items, most popular first", 0,
        _curves({"share of interactions": curve, "if all items were equally popular": [(0, 0), (1, 1)]}, 1, 1),
        tuple(Tick(_x(share, 1), f"{share:.0%}") for share in (0, 0.25, 0.5, 0.75, 1)),
        tuple(Tick(_y(share, 1), f"{share:.0%}") for share in (0, 0.5, 1)),
    )  # fmt: skip


def metric_history(metrics: Sequence[Mapping[str, float]]) -> Plot:
    """Plot metrics by version, oldest first; a version may lack some."""
    names = dict.fromkeys(name for of_version in metrics for name in of_version)
    known = {
        name: [(n, of_version[name]) for n, of_version in enumerate(metrics) if name in of_version] for name in names
    }
    highest = max((value for history in known.values() for _, value in history), default=0) or 1.0
    last = max(len(metrics) - 1, 1)
    words = "; ".join(f"{name} from {history[0][1]:.4f} to {history[-1][1]:.4f}" for name, history in known.items())
    places = np.unique(np.linspace(0, len(metrics) - 1, MAX_VERSION_TICKS).astype(int)).tolist() if metrics else []
    return Plot(
        "history", "Metrics by version", f"{len(metrics)} versions, oldest first: {words}.", "version", MAX_DOTS,
        _curves(known, last, highest), tuple(Tick(_x(place, last), str(place + 1)) for place in places),
        tuple(Tick(_y(highest * part, highest), f"{highest * part:.3f}") for part in (0, 0.5, 1)),
    )  # fmt: skip


def _curves(curves: Mapping[str, Sequence[tuple[float, float]]], x_end: float, y_end: float) -> tuple[Curve, ...]:
    return tuple(
        Curve(name, tuple((_x(x, x_end), _y(y, y_end)) for x, y in corners)) for name, corners in curves.items()
    )


def _x(value: float, end: float) -> float:
    return LEFT + value / end * (WIDTH - LEFT - RIGHT)


def _y(value: float, end: float) -> float:
    return HEIGHT - BOTTOM - value / end * (HEIGHT - TOP - BOTTOM)
