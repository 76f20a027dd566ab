from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from personalize_kinds.kinds import DATASET_GROUP, DATASET_IMPORT_JOB, KINDS, SOLUTION, SOLUTION_VERSION
from services.engine.data.interactions import Interactions
from services.engine.errors import NotFound
from services.engine.files import DataFolder
from services.engine.http import create_app
from services.engine.models.popularity_count import PopularityCount
from services.engine.models.sims import Sims
from services.engine.models.storage import TrainedModel, save
from services.engine.pages import Site
from services.engine.pages.entries import duration, path_of, tone_of
from services.engine.pages.models import metric_history, popularity_curve
from services.engine.recipes.histories import Histories
from services.engine.resources import Resource
from services.engine.settings import EngineSettings
from services.engine.store import Store
from services.engine.telemetry import Telemetry

HOSTILE = """</title><script>alert('x')</script><img src=x onerror="alert(1)">&amp;{{ 7 * 7 }}"""
VOID = {"meta", "link", "br", "input", "img", "hr"}


class Page(HTMLParser):
    """Collects tags, and complains about one that is closed out of turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def links(self) -> list[str]:
        return [str(attributes["href"]) for name, attributes in self.tags if name == "a"]


@pytest.fixture
def files(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path / "data")


@pytest.fixture
def store(files: DataFolder) -> Iterator[Store]:
    opened = Store(files.database)
    yield opened
    opened.close()


@pytest.fixture
def site(store: Store, files: DataFolder) -> Site:
    return Site(store, files)


def stored(store: Store, kind: Any, name: str, status: str = "ACTIVE", **body: Any) -> Resource:
    made = Resource.create(kind, "us-east-1", name, {**body, "status": status})
    store.add(made)
    return made


def version_of(store: Store, solution: Resource, name: str, ndcg: float) -> Resource:
    made = stored(
        store, SOLUTION_VERSION, f"taste/{name}", solutionArn=solution.arn, recipeArn=solution.body["recipeArn"],
        trainingHours=0.01, solutionConfig={"algorithmHyperParameters": {"hidden_dimension": "149"}},
    )  # fmt: skip
    made.inner["metrics"] = {"coverage": 0.25, "normalized_discounted_cumulative_gain_at_10": ndcg}
    store.save(made)
    return made


def histories() -> Histories:
    """u0 took items 0, 1, 2; u1 took 0 and 1; u2 took 0."""
    items = np.array([0, 1, 2, 0, 1, 0], np.int32)
    moments = np.array([0, 1, 2, 0, 1, 0], np.int32)
    times = 1_700_000_000 + np.arange(6, dtype=np.int64)
    return Histories(np.array([0, 3, 5, 6]), items, moments, np.ones(6, np.float32), times)


def interactions() -> Interactions:
    return Interactions(np.array([b"u0", b"u1", b"u2"]), np.array([b"<i>", b"i1", b"i2", b"i3"]), histories())


def trained(store: Store, files: DataFolder, recipe: str, model: Any) -> Resource:
    solution = stored(store, SOLUTION, "taste", recipeArn=f"arn:aws:personalize:::recipe/{recipe}")
    version_of(store, solution, "0old", 0.1)
    version = version_of(store, solution, "1new", 0.2)
    save(TrainedModel(model, interactions()), files.model(version))
    return version


def test_empty_engine_says_so(site: Site) -> None:
    page = Page(site.overview())
    assert "Nothing yet" in page.text
    assert page.count("table") == 0


def test_every_kind_in_every_state_is_listed_and_has_a_page(store: Store, site: Site) -> None:
    statuses = ["ACTIVE", "CREATE FAILED", "CREATE IN_PROGRESS", "DELETE PENDING", "CREATE STOPPED"]
    made = [
        stored(store, kind, f"{kind.noun}-{n}", status, solutionArn="none", recipeArn="none")
        for kind in KINDS.values() if kind is not SOLUTION_VERSION for n, status in enumerate(statuses)
    ]  # fmt: skip
    page = Page(site.overview())
    for resource in made:
        path = path_of(resource.kind, resource.arn)
        assert path in page.links()
        assert resource.tail in Page(site.resource(resource.arn)).text
    assert page.count("caption") == page.count("table")
    assert page.count("progress") == 2 * (len(KINDS) - 1)


def test_names_from_outside_are_words_and_never_markup(store: Store, site: Site) -> None:
    group = stored(store, DATASET_GROUP, "shop", "CREATE FAILED", failureReason=HOSTILE, roleArn=HOSTILE)
    job = stored(
        store, DATASET_IMPORT_JOB, "first", "CREATE FAILED", failureReason=HOSTILE, datasetGroupArn=group.arn,
        dataSource={"dataLocation": f"s3://{HOSTILE}/"},
    )  # fmt: skip
    for text in (site.overview(), site.resource(job.arn), site.resource(group.arn)):
        page = Page(text)
        assert "img" not in {tag for tag, _ in page.tags}
        scripts = [attributes["src"] for tag, attributes in page.tags if tag == "script"]
        assert scripts == ["/static/chart.umd.min.js", "/static/charts.js"]
        assert "{{ 7 * 7 }}" in page.text
        assert len(re.findall(r"<(script|img)", text)) == len(scripts)
    assert path_of(DATASET_GROUP, group.arn) in Page(site.resource(job.arn)).links()


def test_page_is_made_anew_while_something_is_under_way_only(store: Store, site: Site) -> None:
    job = stored(store, DATASET_IMPORT_JOB, "first", "CREATE PENDING")
    for text in (site.overview(), site.resource(job.arn)):
        page = Page(text)
        assert any(attributes.get("http-equiv") == "refresh" for _, attributes in page.tags)
        assert page.count("progress") == 1
    job.move("ACTIVE")
    store.save(job)
    for text in (site.overview(), site.resource(job.arn)):
        assert "http-equiv" not in text
        assert Page(text).count("progress") == 0


def test_unknown_resource_is_not_found(site: Site) -> None:
    with pytest.raises(NotFound, match="does not exist"):
        site.resource("arn:aws:personalize:us-east-1:000000000000:dataset-group/none")


def test_long_lists_are_cut_and_say_so(store: Store, site: Site) -> None:
    for n in range(53):
        stored(store, DATASET_GROUP, f"group-{n}")
    page = Page(site.overview())
    assert "3 older not shown" in page.text
    assert "Dataset groups 53" in page.text


def test_version_shows_what_it_learnt(store: Store, files: DataFolder, site: Site) -> None:
    users = np.array([3.0, 2.0, 1.0, 0.0])
    version = trained(store, files, "aws-popularity-count", PopularityCount(users))
    page = Page(site.resource(version.arn))
    assert sum("data-chart" in attributes for _, attributes in page.tags) == 2
    assert page.count("meter") == 1
    for words in (
        "normalized discounted cumulative gain at 10 0.2000", "25.0% of all items", "hidden_dimension 149",
        "ndcg@10 from 0.1000 to 0.2000", "Recommended", "1 <i>", "2023-11-14 22:13:22",
    ):  # fmt: skip
        assert words in page.text
    history = page.text.partition("newest first Item When (UTC)")[2]
    assert history.index("i2") < history.index("i1") < history.index("<i>")
    assert ">u0<" not in site.resource(version.arn, "u2")
    assert "nobody is not in the training data" in Page(site.resource(version.arn, "nobody")).text
    assert "0.2000" in Page(site.overview()).text


def test_version_that_answers_items_is_asked_about_the_most_popular(
    store: Store, files: DataFolder, site: Site
) -> None:
    neighbours, similarities = np.array([[2], [-1], [0], [-1]]), np.array([[1.0], [0], [1], [0]], np.float32)
    model = Sims(neighbours, similarities, np.full(4, -1, np.float32))
    version = trained(store, files, "aws-sims", model)
    page = Page(site.resource(version.arn))
    asked = next(attributes["value"] for tag, attributes in page.tags if tag == "input")
    assert asked == "<i>"
    assert "Place Item 1 i2" in page.text


def test_pages_are_closed_where_calls_are_signed(tmp_path: Path) -> None:
    settings = EngineSettings(data_dir=tmp_path / "data", access_keys=SecretStr("id:secret"))
    with TestClient(create_app(settings), "http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        assert [client.get(path).status_code for path in ("/", "/jobs/arn:x", "/resources/arn:x")] == [403] * 3


def test_two_applications_count_apart() -> None:
    first, other = Telemetry(), Telemetry()
    first.answered("ListRecipes", 200, 0.1)
    assert b"ListRecipes" in first.calls()
    assert b"ListRecipes" not in other.calls()


def test_popularity_curve_accumulates_the_most_popular_first() -> None:
    chart = popularity_curve(np.array([1, 0, 8, 1]))
    assert np.diff(chart.series[0].values).tolist() == pytest.approx([0.8, 0.1, 0.1, 0])
    assert chart.steps == (0, 0.25, 0.5, 0.75, 1)
    assert "tenth of 4 items has 80%" in chart.words


@pytest.mark.parametrize("counts", [[], [0, 0], [5], range(2_000)])
def test_popularity_curve_stands_any_catalogue(counts: Any) -> None:
    chart = popularity_curve(np.array([*counts], np.int64))
    assert len(chart.steps) <= 81
    for series in chart.series:
        assert len(series.values) == len(chart.steps)
        assert all(value is not None and 0 <= value <= 1 + 1e-9 for value in series.values)


def test_metric_history_leaves_a_gap_where_a_version_lacks_a_metric() -> None:
    chart = metric_history([{"a": 0.1}, {"b": 0.3}, {"a": 0.2, "b": 0.0}])
    assert chart is not None
    assert {series.name: series.values for series in chart.series} == {"a": (0.1, None, 0.2), "b": (None, 0.3, 0.0)}
    assert chart.words == "3 versions, oldest first: a from 0.1000 to 0.2000; b from 0.3000 to 0.0000."


def test_states_and_times_in_words() -> None:
    tones = {
        "ACTIVE": "good",
        "COMPLETED": "good",
        "CREATE FAILED": "bad",
        "FAILED": "bad",
        "CREATE STOPPED": "idle",
        "CREATE STOPPING": "busy",
        "DELETE IN_PROGRESS": "busy",
        "UPDATE PENDING": "busy",
        None: "idle",
    }
    assert {status: tone_of(status) for status in tones} == tones
    assert [duration(seconds) for seconds in (0.04, 59, 61, 7_260)] == ["0.0 s", "59.0 s", "1 min 1 s", "2 h 1 min"]
