"""The pages, rendered from the store and, for trained versions, from their folders on disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from aisle import look
from aisle.charts import Chart
from personalize_kinds.kinds import KINDS, SOLUTION, SOLUTION_VERSION, Kind
from personalize_kinds.statuses import ACTIVE
from services.engine.errors import NotFound
from services.engine.files import DataFolder
from services.engine.jobs.train import SECONDS_PER_HOUR, recipe_name
from services.engine.models.storage import load
from services.engine.pages.entries import Entry, duration, members, moment, path_of, title_of, tone_of
from services.engine.pages.models import PLOTTED, ModelFacts, history_of
from services.engine.resources import Resource
from services.engine.store import Store

REFRESH_SECONDS = 3
MAX_SHOWN = 50
IN_MODELS = (SOLUTION, SOLUTION_VERSION)

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class Section:
    """The resources of one kind, newest first."""

    title: str
    entries: Sequence[Entry]
    left_out: int


@dataclass(frozen=True, slots=True)
class Version:
    """A solution version in the table of its solution."""

    name: str
    entry: Entry
    figures: Sequence[str]
    trained: str


@dataclass(frozen=True, slots=True)
class Solution:
    """A solution and its versions."""

    entry: Entry
    recipe: str
    columns: Sequence[str]
    versions: Sequence[Version]
    left_out: int
    history: Chart | None


class Site:
    """Renders pages of the engine's resources. Of other files a page loads those of the look of all pages only."""

    def __init__(self, store: Store, files: DataFolder) -> None:
        self._store = store
        self._files = files

    def overview(self) -> str:
        """Render all resources by kind, those in progress, and the metrics of every solution."""
        stored = {kind: self._store.page(kind) for kind in KINDS.values()}
        busy = [
            Entry.of(resource)
            for resources in stored.values()
            for resource in resources
            if tone_of(resource.status) == "busy"
        ]
        return _render(
            "overview.html", bool(busy), here="/", at_work=busy,
            solutions=[_solution(solution, stored[SOLUTION_VERSION]) for solution in stored[SOLUTION]],
            sections=[_section(kind, listed) for kind, listed in stored.items() if listed and kind not in IN_MODELS],
        )  # fmt: skip

    def resource(self, arn: str, asked: str | None = None) -> str:
        """Render the page of one resource; `asked` is the id to show a model's answer for. Raises NotFound."""
        resource = self._find(arn)
        if resource is None:
            raise NotFound(f"Resource Arn {arn} does not exist; the overview lists the existing ones")
        entry = Entry.of(resource)
        arns = [text for name, text in resource.body.items() if name.endswith("Arn") and isinstance(text, str)]
        paths = {linked.arn: path_of(linked.kind, linked.arn) for text in arns if (linked := self._find(text))}
        return _render(
            "resource.html", entry.tone == "busy", here="", entry=entry, members=members(resource, paths),
            model=self._model(resource, asked),
        )  # fmt: skip

    def _model(self, version: Resource, asked: str | None) -> ModelFacts | None:
        if version.kind is not SOLUTION_VERSION or version.status != ACTIVE:
            return None
        versions = self._store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, version.body["solutionArn"]))
        trained = load(recipe_name(version.body["recipeArn"]), self._files.model(version))
        return ModelFacts.of(version, versions, trained, asked)

    def _find(self, arn: str) -> Resource | None:
        candidates = (self._store.find(kind, arn) for kind in KINDS.values())
        return next((resource for resource in candidates if resource), None)


def _section(kind: Kind, listed: Sequence[Resource]) -> Section:
    shown = [Entry.of(resource) for resource in listed[:MAX_SHOWN]]
    return Section(f"{title_of(kind)}s", shown, len(listed) - len(shown))


def _solution(solution: Resource, versions: Sequence[Resource]) -> Solution:
    own = [version for version in versions if version.body["solutionArn"] == solution.arn]
    recipe = recipe_name(solution.body.get("recipeArn", ""))
    columns = [*PLOTTED, "coverage"]
    rows = [_version(version, [*PLOTTED.values(), "coverage"]) for version in own[:MAX_SHOWN]]
    return Solution(Entry.of(solution), recipe, columns, rows, len(own) - len(rows), history_of(own))


def _version(version: Resource, names: Sequence[str]) -> Version:
    metrics, hours = version.inner.get("metrics", {}), version.body.get("trainingHours")
    figures = [f"{metrics[name]:.4f}" if name in metrics else "–" for name in names]
    return Version(
        version.arn.rpartition("/")[2],
        Entry.of(version),
        figures,
        duration(hours * SECONDS_PER_HOUR) if hours is not None else "–",
    )


def _render(template: str, busy: bool, **values: Any) -> str:
    refresh_seconds = REFRESH_SECONDS if busy else None
    return (
        _environment()
        .get_template(template)
        .render(now=moment(time.time()), refresh_seconds=refresh_seconds, stylesheet=_stylesheet(), **values)
    )


@cache
def _environment() -> Environment:
    return look.environment(_TEMPLATES)


@cache
def _stylesheet() -> Markup:
    return look.stylesheet(_TEMPLATES / "style.css")
