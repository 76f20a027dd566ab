"""What a chart shows. `words` says it for those who cannot see it; the macros add the figures as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

Level = Literal["good", "busy", "bad", "idle"]
Kind = Literal["trend", "columns", "lines", "comparison", "intervals", "curves"]
Number = float | None
#: A value with its level, and what its bar stands for.
Point = tuple[float, Level, str]

_EMPTY: Point = (0.0, "idle", "")


@dataclass(frozen=True, slots=True)
class Series:
    """One series: a value per label, None where it is unknown; `ends` are the two ends of each value's interval."""

    name: str
    values: tuple[Number, ...]
    ends: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Chart:
    """A chart of one kind. `steps` are the places on a numeric axis; without them the labels are the axis.

    Each of `levels` names the custom property of the page that colours a value. `axis` is the title of the labels,
    `measure` that of the values; without it, the name of a single series.
    """

    kind: Kind
    words: str
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    levels: tuple[str, ...] = ()
    steps: tuple[float, ...] = ()
    axis: str = ""
    measure: str = ""
    unit: str = ""

    @property
    def description(self) -> str:
        """Return as JSON what `charts.js` draws."""
        described = {
            "kind": self.kind,
            "labels": self.labels,
            "series": [asdict(series) for series in self.series],
            "levels": self.levels,
            "steps": self.steps,
            "axis": self.axis,
            "measure": self.measure or (self.series[0].name if len(self.series) == 1 else ""),
            "unit": self.unit,
        }
        return json.dumps(described, ensure_ascii=False, allow_nan=False, separators=(",", ":"))

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """Return the figures: a label and the text of each series' value; places that stand empty are left out."""
        return [
            (label, [_figure(series, place, self.unit) for series in self.series])
            for place, label in enumerate(self.labels)
            if label
        ]


def trend(points: Sequence[Point], words: str, *, n_places: int) -> Chart | None:
    """Draw small columns, the oldest first; the newest is on the right, and places on the left stay empty.

    None without a value.
    """
    if not points:
        return None
    newest = points[-n_places:]
    places = [*[_EMPTY] * (n_places - len(newest)), *newest]
    values = tuple(value for value, _, _ in places)
    return Chart(
        "trend", words, tuple(said for _, _, said in places), (Series("value", values),),
        levels=tuple(level for _, level, _ in places),
    )  # fmt: skip


def history(
    labels: Sequence[str], series: Mapping[str, Sequence[Number]], words: str, *, axis: str = "", measure: str = "",
    unit: str = "",
) -> Chart | None:  # fmt: skip
    """Draw a line per series over the labels. None for fewer than two values, which make no line."""
    known = [value for values in series.values() for value in values if value is not None]
    if len(labels) < 2 or len(known) < 2:
        return None
    drawn = tuple(
        Series(name, tuple(values)) for name, values in series.items() if any(value is not None for value in values)
    )
    return Chart("lines", words, tuple(labels), drawn, axis=axis, measure=measure, unit=unit)


def columns(
    labels: Sequence[str], series: Mapping[str, Sequence[Number]], words: str, *, axis: str = "", measure: str = "",
    unit: str = "",
) -> Chart | None:  # fmt: skip
    """Draw a column per label and series, the series on top of each other. None without a value."""
    if not any(value for values in series.values() for value in values):
        return None
    drawn = tuple(Series(name, tuple(values)) for name, values in series.items())
    return Chart("columns", words, tuple(labels), drawn, axis=axis, measure=measure, unit=unit)


def comparison(values: Mapping[str, Mapping[str, float]], words: str) -> Chart | None:
    """Draw label → series → value as horizontal bars on one scale from 0. None without a value."""
    names = list(dict.fromkeys(name for of_label in values.values() for name in of_label))
    if not names:
        return None
    drawn = tuple(Series(name, tuple(of_label.get(name) for of_label in values.values())) for name in names)
    return Chart("comparison", words, tuple(values), drawn)


def intervals(
    rows: Sequence[tuple[str, float, tuple[float, float], str]], words: str, *, name: str, unit: str = ""
) -> Chart | None:
    """Draw horizontal bars with intervals. `rows`: label, value, ends of its interval, level. None without rows."""
    if not rows:
        return None
    values, ends = tuple(value for _, value, _, _ in rows), tuple(end for _, _, end, _ in rows)
    return Chart(
        "intervals", words, tuple(label for label, *_ in rows), (Series(name, values, ends),),
        levels=tuple(level for *_, level in rows), unit=unit,
    )  # fmt: skip


def curves(steps: Sequence[float], series: Mapping[str, Sequence[Number]], words: str, *, axis: str = "") -> Chart:
    """Draw lines over a numeric axis; `steps` are places on it, one per value of each series."""
    labels = tuple(f"{step:.3g}" for step in steps)
    drawn = tuple(Series(name, tuple(values)) for name, values in series.items())
    return Chart("curves", words, labels, drawn, steps=tuple(steps), axis=axis)


def _figure(series: Series, place: int, unit: str) -> str:
    value = series.values[place]
    if value is None:
        return "–"
    text = f"{value:.4g}{unit}"
    if not series.ends:
        return text
    low, high = series.ends[place]
    return f"{text} ({low:.4g} to {high:.4g})"
