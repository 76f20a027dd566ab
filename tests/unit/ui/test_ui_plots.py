"""Drawings as coordinates."""

from __future__ import annotations

import pytest

from aisle.ui import plots


def test_the_newest_bar_stands_on_the_right_behind_empty_places() -> None:
    row = plots.bars([(2.0, "good", "first"), (4.0, "bad", "newest")], "words", n_places=5)
    assert [bar.level for bar in row.bars] == ["idle", "idle", "idle", "good", "bad"]
    assert row.bars[-1].height == plots.BARS_HEIGHT
    assert row.bars[-2].height == plots.BARS_HEIGHT / 2
    assert row.bars[-1].x + plots.BAR == row.width


def test_only_the_newest_values_are_drawn() -> None:
    row = plots.bars([(float(n), "good", str(n)) for n in range(20)], "words", n_places=14)
    assert [bar.words for bar in row.bars] == [str(n) for n in range(6, 20)]


def test_nothing_to_draw_gives_no_bars() -> None:
    assert plots.bars([], "words", n_places=14).bars == ()


def test_a_bar_of_nothing_can_still_be_seen() -> None:
    row = plots.bars([(0.0, "bad", "none met"), (1.0, "good", "all met")], "words", n_places=2)
    assert row.bars[0].height == plots.LEAST_HEIGHT


def test_a_plot_spans_its_frame_and_leaves_out_what_is_not_known() -> None:
    drawn = plots.plot(["a", "b", "c"], {"model": [0.1, None, 0.25], "popularity": [None, None, None]}, "words")
    assert drawn is not None
    (series,) = drawn.series
    assert [round(x) for x, _ in series.corners] == [plots.LEFT, plots.WIDTH - plots.RIGHT]
    assert series.corners[1][1] == plots.TOP  # the axis ends on 0.25
    assert drawn.y_ticks[-1].label == "0.25"


@pytest.mark.parametrize("values", [[0.2], [0.2, None], []])
def test_one_value_is_no_history(values: list[float | None]) -> None:
    assert plots.plot(["v"] * len(values), {"model": values}, "words") is None


@pytest.mark.parametrize(("largest", "end"), [(0.17, 0.2), (0.2, 0.2), (0.21, 0.25), (3.0, 5.0), (0.0, 1.0), (70, 100)])
def test_an_axis_ends_on_a_round_number(largest: float, end: float) -> None:
    drawn = plots.plot(["a", "b"], {"model": [largest, largest]}, "words")
    assert drawn is not None
    assert float(drawn.y_ticks[-1].label) == pytest.approx(end)


def test_many_versions_do_not_crowd_the_axis() -> None:
    labels = [str(n) for n in range(40)]
    drawn = plots.plot(labels, {"model": [0.1] * 40}, "words")
    assert drawn is not None
    assert len(drawn.x_ticks) <= 6
