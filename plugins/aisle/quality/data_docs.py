"""Data Docs: a page per suite and run, drawn by Great Expectations' renderer, and an index of them.

Great Expectations' own site builder loads styles and scripts from six hosts and reads its whole history at every run.
This module keeps its renderer, replaces its page frame with the templates of `expectations/data_docs`, which load
nothing, and keeps the pages of the newest runs only.
"""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from great_expectations.render.renderer import ValidationResultsPageRenderer
from great_expectations.render.view import DefaultJinjaPageView
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from aisle import look
from aisle.quality.groups import suites_of_all
from aisle.quality.results import newest_runs
from aisle.quality.suites import BOUNDARIES, EXPECTATIONS_ROOT
from aisle.quality.validation import Validation

TEMPLATES = EXPECTATIONS_ROOT / "data_docs"
#: Runs of a suite whose pages are kept.
KEPT_RUNS = 20


def write_data_docs(directory: Path, url: str, run_key: str, validations: list[Validation]) -> Path:
    """Write the pages of a run and update the index. Return the path of the index."""
    directory.mkdir(parents=True, exist_ok=True)
    with _lock(directory):
        for style in (look.STYLE.path, TEMPLATES / "quality.css"):
            shutil.copyfile(style, directory / style.name)
        for validation in validations:
            page = directory / validation.suite.name / f"{run_key}.html"
            page.parent.mkdir(exist_ok=True)
            _write(page, _page(validation, run_key))
        runs = newest_runs(url, KEPT_RUNS)
        _forget_old_pages(directory, {(run["suite"], run["run_key"]) for run in runs})
        return _write(directory / "index.html", _index(directory, runs))


def _page(validation: Validation, run_key: str) -> str:
    for result in validation.gx_result.results:
        # The renderer shows a sample only beside a count of values. A query's observed value is its count.
        if "partial_unexpected_list" in result.result:
            result.result.setdefault("unexpected_count", 0)
    content = ValidationResultsPageRenderer().render(validation.gx_result)
    content.sections[0].content_blocks.pop(0)  # a heading like that of page.j2, with a link to a site that is not built
    n_passed = sum(check.has_passed for check in validation.checks)
    frame = {"suite": validation.suite, "n_checks": len(validation.checks), "n_passed": n_passed, "run_key": run_key}
    return str(_view().render(content, **frame))


@cache
def _view() -> Any:
    """Return Great Expectations' page view, which looks for each template in `expectations/data_docs` first."""
    view = DefaultJinjaPageView()
    view.env.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), view.env.loader])
    return view


def _index(directory: Path, runs: list[dict[str, Any]]) -> str:
    for run in runs:
        page = directory / run["suite"] / f"{run['run_key']}.html"
        run["page"] = page.relative_to(directory).as_posix() if page.exists() else None
    runs_of = {suite: list(of_suite) for suite, of_suite in groupby(runs, key=lambda run: str(run["suite"]))}
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    boundaries = {boundary: suites_of_all(boundary) for boundary in BOUNDARIES}
    return environment.get_template("index.j2").render(boundaries=boundaries, runs_of=runs_of)


def _forget_old_pages(directory: Path, kept: set[tuple[str, str]]) -> None:
    for page in directory.glob("*/*.html"):
        if (page.parent.name, page.stem) not in kept:
            page.unlink()


def _write(path: Path, text: str) -> Path:
    """Replace the file atomically, so that nobody reads half a page."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(text)
    return unfinished.replace(path)


@contextmanager
def _lock(directory: Path) -> Iterator[None]:
    """Let one gate at a time write: gates of two DAGs may end together, and the later index must list both runs."""
    with (directory / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
