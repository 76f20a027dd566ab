"""What charts describe, and the figures beside them."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aisle import charts


def described(chart: charts.Chart | None) -> Any:
    assert chart is not None
    return json.loads(chart.description)


def drawn(chart: charts.Chart | None, macro: str = "chart") -> str:
    environment = Environment(
        loader=FileSystemLoader(charts.TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return str(getattr(environment.get_template("charts.html").module, macro)(chart))


def test_the_newest_column_stands_on_the_right_behind_empty_places() -> None:
    chart = charts.trend([(2.0, "good", "first"), (4.0, "bad", "newest")], "words", n_places=5)
    assert described(chart)["levels"] == ["idle", "idle", "idle", "good", "bad"]
    assert described(chart)["series"][0]["values"] == [0, 0, 0, 2, 4]
    assert chart is not None
    assert chart.rows == [("first", ["2"]), ("newest", ["4"])], "places that stand empty are no figures"


def test_only_the_newest_values_are_drawn() -> None:
    chart = charts.trend([(float(n), "good", str(n)) for n in range(20)], "words", n_places=14)
    assert described(chart)["labels"] == [str(n) for n in range(6, 20)]


@pytest.mark.parametrize(
    "chart",
    [
        charts.trend([], "words", n_places=14),
        charts.history([], {}, "words"),
        charts.history(["v"], {"model": [0.2]}, "words"),
        charts.history(["v", "w"], {"model": [0.2, None]}, "words"),
        charts.columns(["monday"], {"clicks": [0]}, "words"),
        charts.comparison({"ndcg": {}}, "words"),
        charts.intervals([], "words", name="rate"),
    ],
)
def test_nothing_to_draw_gives_no_chart_and_no_markup(chart: charts.Chart | None) -> None:
    assert chart is None
    assert drawn(chart).strip() == ""


def test_a_series_without_a_value_is_left_out_and_a_gap_is_none() -> None:
    chart = charts.history(["a", "b", "c"], {"model": [0.1, None, 0.25], "popularity": [None, None, None]}, "words")
    assert [series["name"] for series in described(chart)["series"]] == ["model"]
    assert chart is not None
    assert chart.rows == [("a", ["0.1"]), ("b", ["–"]), ("c", ["0.25"])]


def test_names_that_lack_a_series_have_a_gap_in_it() -> None:
    chart = charts.comparison({"ndcg": {"model": 0.2, "popularity": 0.1}, "mrr": {"model": 0.3}}, "words")
    assert [series["values"] for series in described(chart)["series"]] == [[0.2, 0.3], [0.1, None]]


def test_an_interval_stands_beside_its_value() -> None:
    chart = charts.intervals([("Mug", 80.0, (66.9, 88.8), "good")], "words", name="match rate", unit=" %")
    assert chart is not None
    assert chart.rows == [("Mug", ["80 % (66.9 to 88.8)"])]


def test_a_value_that_is_no_number_is_refused_where_it_is_described() -> None:
    chart = charts.history(["a", "b"], {"model": [0.1, float("nan")]}, "words")
    assert chart is not None
    with pytest.raises(ValueError, match="not JSON compliant"):
        _ = chart.description


HOSTILE = "\"'><script>alert(1)</script>{{ 7 * 7 }}"


@pytest.mark.parametrize("macro", ["chart", "small"])
def test_markup_in_names_is_text(macro: str) -> None:
    chart = charts.comparison({HOSTILE: {HOSTILE: 1.0}}, HOSTILE)
    tags: list[tuple[str, dict[str, str | None]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
            tags.append((tag, dict(attributes)))

    Reader().feed(drawn(chart, macro))
    assert "script" not in {tag for tag, _ in tags}
    canvas = next(attributes for _, attributes in tags if "data-chart" in attributes)
    assert canvas["aria-label"] == HOSTILE
    assert json.loads(str(canvas["data-chart"]))["labels"] == [HOSTILE]


def test_every_asset_is_a_file_of_the_package() -> None:
    assert all(asset.path.is_file() for asset in charts.ASSETS.values())
    assert "MIT License" in (charts.ASSETS["charts.js"].path.parent / "chart-LICENSE.md").read_text()
