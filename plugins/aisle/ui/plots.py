"""Small drawings as coordinates; `templates/drawings.html` turns them into SVG. The origin is above on the left.

Every drawing carries `words`, the same for who cannot see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

Level = Literal["good", "busy", "bad", "idle"]

BAR, GAP, BARS_HEIGHT, LEAST_HEIGHT = 7, 2, 26, 3
WIDTH, HEIGHT = 520, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 26, 12, 26
_MAX_X_LABELS = 6
#: A comparison: the height of a bar, the space below the bars of one name, where bars begin, the room for values.
ROW_BAR, ROW_GAP, ROW_LEFT, ROW_RIGHT = 13, 12, 110, 60


class Bar(NamedTuple):
    """One bar, in pixels, and what it stands for."""

    x: int
    y: float
    height: float
    level: Level
    words: str


class Bars(NamedTuple):
    """A row of bars, oldest on the left."""

    bars: tuple[Bar, ...]
    width: int
    height: int
    words: str


class Tick(NamedTuple):
    """A mark on an axis: where, and what it says."""

    at: float
    label: str


class Series(NamedTuple):
    """One series of a plot: `style` picks its colour and dash."""

    name: str
    style: str
    corners: tuple[tuple[float, float], ...]

    @property
    def points(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.corners)


@dataclass(frozen=True)
class Plot:
    """Series over the same steps, oldest on the left."""

    series: tuple[Series, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    words: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


class ComparedBar(NamedTuple):
    """One horizontal bar, in pixels: `style` picks its colour, `label` says its value."""

    y: int
    width: float
    style: str
    label: str


class Compared(NamedTuple):
    """The bars of one name, below each other, and where the name stands."""

    name: str
    y: float
    bars: tuple[ComparedBar, ...]


@dataclass(frozen=True)
class Comparison:
    """Horizontal bars of one scale: for each name one bar per series."""

    rows: tuple[Compared, ...]
    series: tuple[Series, ...]
    words: str
    height: int
    width: int = WIDTH
    left: int = ROW_LEFT
    bar: int = ROW_BAR


_EMPTY: tuple[float, Level, str] = (0.0, "idle", "no run")


def bars(values: Sequence[tuple[float, Level, str]], words: str, *, n_places: int) -> Bars:
    """Bars for values with level and words, oldest first; the newest stands on the right, empty places on the left."""
    values = values[-n_places:]
    top = max((value for value, _, _ in values), default=0.0) or 1.0
    places = [*[_EMPTY] * (n_places - len(values)), *values]
    drawn = []
    for place, (value, level, said) in enumerate(places if values else []):
        height = max(LEAST_HEIGHT, BARS_HEIGHT * value / top)
        drawn.append(Bar(place * (BAR + GAP), BARS_HEIGHT - height, height, level, said))
    return Bars(tuple(drawn), n_places * (BAR + GAP) - GAP, BARS_HEIGHT, words)


def plot(labels: Sequence[str], series: Mapping[str, Sequence[float | None]], words: str) -> Plot | None:
    """Draw series over `labels`, one value of each per label; None leaves a gap. None for fewer than two values."""
    known = [value for values in series.values() for value in values if value is not None]
    if len(labels) < 2 or len(known) < 2:
        return None
    top = _round_up(max(known))
    drawn = tuple(
        Series(name, f"series-{nth}", tuple(_corner(place, len(labels), value, top) for place, value in _known(values)))
        for nth, (name, values) in enumerate(series.items(), start=1)
        if any(value is not None for value in values)
    )
    step = -(-len(labels) // _MAX_X_LABELS)
    x_ticks = tuple(Tick(_x(place, len(labels)), labels[place]) for place in range(0, len(labels), step))
    y_ticks = tuple(Tick(_y(top * part, top), f"{top * part:.3g}") for part in (0.0, 0.5, 1.0))
    return Plot(drawn, x_ticks, y_ticks, words)


def comparison(values: Mapping[str, Mapping[str, float]], words: str) -> Comparison | None:
    """Draw name → series → value as horizontal bars, all on one scale from 0. None without a value."""
    figures = [value for of_series in values.values() for value in of_series.values()]
    if not figures:
        return None
    names = list(dict.fromkeys(name for of_series in values.values() for name in of_series))
    series = tuple(Series(name, f"series-{nth}", ()) for nth, name in enumerate(names, start=1))
    scale = (WIDTH - ROW_LEFT - ROW_RIGHT) / _round_up(max(figures))
    rows, y = [], 0
    for name, of_series in values.items():
        begin, drawn = y, []
        for subject in series:
            if subject.name in of_series:
                value = of_series[subject.name]
                drawn.append(ComparedBar(y, value * scale, subject.style, f"{value:.3g}"))
                y += ROW_BAR
        rows.append(Compared(name, (begin + y) / 2, tuple(drawn)))
        y += ROW_GAP
    return Comparison(tuple(rows), series, words, y - ROW_GAP)


def _known(values: Sequence[float | None]) -> list[tuple[int, float]]:
    return [(place, value) for place, value in enumerate(values) if value is not None]


def _corner(place: int, n_places: int, value: float, top: float) -> tuple[float, float]:
    return _x(place, n_places), _y(value, top)


def _x(place: int, n_places: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * place / (n_places - 1)


def _y(value: float, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top)


def _round_up(value: float) -> float:
    """The next of 1, 2, 2.5, 5, 10 times a power of ten: an axis that ends on a number that can be read."""
    if value <= 0:
        return 1.0
    power = 1.0
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(power * step for step in (1, 2, 2.5, 5, 10) if power * step >= value * (1 - 1e-9))
