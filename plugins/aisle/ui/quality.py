"""Quality: what the gates checked last, what failed and why, what was rejected, and how much came."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

from aisle.charts import Chart, Level, trend
from aisle.quality.groups import suites_of_all
from aisle.quality.suites import BOUNDARIES, Suite
from aisle.settings import get_settings
from aisle.ui.reader import Reader
from aisle.ui.words import stamp

N_RUNS = 14
_LONGEST_OBSERVED = 120
#: The findings of a query are sentences, so they may be longer than a value.
_LONGEST_ROWS = 400
_ACCEPTED: tuple[Level, str] = ("idle", "accepted")
_OUTCOMES: dict[str, tuple[Level, str]] = {
    "passed": ("good", "passed"),
    "note": ("busy", "noted"),
    "stop": ("bad", "stopped"),
}


@dataclass(frozen=True)
class SuiteState:
    """One suite and its newest runs."""

    suite: Suite
    level: Level
    word: str
    newest: dict[str, Any] | None
    trend: Chart | None
    page: str | None


@dataclass(frozen=True)
class VolumeState:
    """One measure of a boundary: its value in the newest run, and in those before."""

    newest: dict[str, Any]
    level: Level
    word: str
    share: float | None
    trend: Chart | None


@dataclass(frozen=True)
class Quality:
    """What `quality.html` draws."""

    volumes: tuple[VolumeState, ...]
    refusals: tuple[dict[str, Any], ...]
    status_words: tuple[dict[str, Any], ...]
    boundaries: dict[str, list[SuiteState]]
    failures: tuple[dict[str, Any], ...]
    data_docs: str | None
    n_passed: int
    n_checks: int


def read(reader: Reader) -> Quality:
    """Read the page from `ops.quality_results`, `ops.volumes`, `ops.refusals` and the suite files."""
    runs = reader.rows("ops/quality_results/newest_runs", n_runs=N_RUNS)
    runs_by_suite = {suite: list(of_suite) for suite, of_suite in groupby(runs, key=lambda run: str(run["suite"]))}
    boundaries = {
        boundary: [_state(suite, runs_by_suite.get(suite.name, [])) for suite in suites_of_all(boundary)]
        for boundary in BOUNDARIES
    }
    failures = tuple(_failure(row, boundaries) for row in reader.rows("ui/quality/failures"))
    newest = [state.newest for states in boundaries.values() for state in states if state.newest]
    return Quality(
        volumes=_volumes(reader.rows("ui/quality/volumes", n_runs=N_RUNS)),
        refusals=tuple(_refusal(row) for row in reader.rows("ui/quality/refusals")),
        status_words=tuple(reader.rows("ui/quality/status_words")),
        boundaries=boundaries,
        failures=failures,
        data_docs=_docs("index"),
        n_passed=sum(run["n_passed"] for run in newest),
        n_checks=sum(run["n_checks"] for run in newest),
    )


def _volumes(rows: list[dict[str, Any]]) -> tuple[VolumeState, ...]:
    """Return the measures, from the first boundary to the last."""
    measured = [list(runs) for _, runs in groupby(rows, key=itemgetter("boundary", "dataset_group", "measure"))]
    known = [runs for runs in measured if runs[0]["boundary"] in BOUNDARIES]
    return tuple(_volume(runs) for runs in sorted(known, key=lambda runs: BOUNDARIES.index(runs[0]["boundary"])))


def _volume(runs: list[dict[str, Any]]) -> VolumeState:
    newest, largest = runs[0], max(run["value"] for run in runs) or 1
    level, word = _ACCEPTED if newest["is_accepted"] else _OUTCOMES[newest["outcome"]]
    values = [
        (run["value"] / largest, _OUTCOMES[run["outcome"]][0], f"{run['value']:,}, run {run['run_key']}")
        for run in reversed(runs)
    ]
    return VolumeState(
        newest=newest,
        level=level,
        word=word,
        share=newest["value"] / newest["last_good_value"] if newest["last_good_value"] else None,
        trend=trend(values, f"{newest['measure']} in the last {len(values)} runs", n_places=N_RUNS),
    )


def _refusal(row: dict[str, Any]) -> dict[str, Any]:
    level, word = _OUTCOMES[row["outcome"]]
    return {**row, "level": level, "word": word}


def _state(suite: Suite, runs: list[dict[str, Any]]) -> SuiteState:
    newest = runs[0] if runs else None
    level, word = _outcome(suite, newest)
    values = [(run["n_passed"] / run["n_checks"], _outcome(suite, run)[0], _words(run)) for run in reversed(runs)]
    return SuiteState(
        suite=suite,
        level=level,
        word=word,
        newest=newest,
        trend=trend(
            values, f"share of checks that passed in the last {len(values)} runs of {suite.name}", n_places=N_RUNS
        ),
        page=_docs(f"{suite.name}/{newest['run_key']}") if newest else None,
    )


def _outcome(suite: Suite, run: dict[str, Any] | None) -> tuple[Level, str]:
    if run is None:
        return "idle", "not run yet"
    if run["n_passed"] == run["n_checks"]:
        return "good", "passed"
    return ("bad", "stopped") if suite.severity == "stop" else ("busy", "noted")


def _words(run: dict[str, Any]) -> str:
    return f"{run['n_passed']} of {run['n_checks']} passed, run {run['run_key']}, {stamp(run['checked_at'])}"


def _failure(row: dict[str, Any], boundaries: dict[str, list[SuiteState]]) -> dict[str, Any]:
    """Return a failed expectation with its suite's table, owner and advice and, in one line, what was observed."""
    suites = (state.suite for states in boundaries.values() for state in states)
    suite = next((suite for suite in suites if suite.name == row["suite"]), None)
    return {
        **row,
        "table": suite.table if suite else "",
        "owner": suite.owner if suite else "",
        "advice": suite.advice if suite else "",
        "observed": observed_in_words(row["observed"]),
        "page": _docs(f"{row['suite']}/{row['run_key']}"),
    }


def observed_in_words(observed: dict[str, Any] | None) -> str:
    """Return what Great Expectations observed, in one line of text: a value, or the unexpected ones."""
    observed = observed or {}
    if "observed_value" in observed and (rows := observed.get("partial_unexpected_list")):
        return _short("; ".join(rows), _LONGEST_ROWS)
    for member in ("failure", "observed_value"):
        if member in observed:
            return _short(observed[member])
    samples = observed.get("partial_unexpected_list")
    percent = observed.get("unexpected_percent")
    parts = [f"{percent:.2g} % of {observed.get('element_count', 0):,}"] if percent is not None else []
    parts += [f"for example {_short(samples)}"] if samples else []
    return ", ".join(parts) or (_short(observed) if observed else "")


def _short(value: Any, longest: int = _LONGEST_OBSERVED) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _docs(page: str) -> str | None:
    """Return the address of a page of the Data Docs; None if nobody serves them."""
    url = get_settings().docs.url
    return f"{url.rstrip('/')}/quality/{page}.html" if url else None
