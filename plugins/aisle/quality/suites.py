"""Read and check the suite files of `expectations/suites`. Does not need Great Expectations."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aisle.errors import ConfigurationError
from aisle.settings import PROJECT_ROOT

EXPECTATIONS_ROOT = PROJECT_ROOT / "expectations"
SUITES = EXPECTATIONS_ROOT / "suites"

#: In the order of the pipeline. Each dataset group has its own data at those of GROUP_BOUNDARIES.
BOUNDARIES = ("raw", "marts", "export", "batch_input", "batch_output", "churn")
GROUP_BOUNDARIES = ("export", "batch_input", "batch_output")

Severity = Literal["stop", "note"]

#: Who looks after the checks of a suite: whom a stop or a note concerns.
OWNERS = ("data engineering", "analytics engineering", "data protection", "machine learning")

#: The keys that every suite's `meta` must have, and the values allowed; None: any text.
_DECISIONS: dict[str, tuple[str, ...] | None] = {
    "boundary": BOUNDARIES,
    "table": None,
    "severity": ("stop", "note"),
    "samples": ("shown", "hidden"),
    "why": None,
    "owner": OWNERS,
    "advice": None,
}


@dataclass(frozen=True)
class Suite:
    """One suite file: the expectations on a table, and whether a failure stops the pipeline."""

    name: str
    boundary: str
    table: str  # schema.table
    severity: Severity
    shows_samples: bool
    why: str
    owner: str
    advice: str  # what a person should do about a stop or a note
    document: dict[str, Any]  # the file itself, as Great Expectations takes it
    rows: str | None = None  # SQL condition of the run's rows, with %(run_key)s and %(dataset_group)s; None: all

    @property
    def checks(self) -> tuple[str, ...]:
        """Return the names of the expectations, in the file's order."""
        return tuple(expectation["meta"]["check"] for expectation in self.document["expectations"])

    def expectation(self, check: str) -> dict[str, Any]:
        """Return the expectation of this name, as the file has it."""
        return next(
            expectation for expectation in self.document["expectations"] if expectation["meta"]["check"] == check
        )


def suites_of(boundary: str, folder: Path = SUITES) -> list[Suite]:
    """Return the suites of a boundary, by name. Raises ConfigurationError for an unusable file, or if there is none."""
    suites = [suite for suite in map(read_suite, sorted(folder.glob("*.json"))) if suite.boundary == boundary]
    if not suites:
        raise ConfigurationError(
            f"looked in {folder} for the suites of boundary {boundary!r} and found none; the boundaries are "
            f"{', '.join(BOUNDARIES)}"
        )
    return suites


def read_suite(path: Path) -> Suite:
    """Read a suite file. Raises ConfigurationError that names the file and the missing or invalid key."""
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigurationError(f"read suite file {path}, which is not JSON: {error}") from error
    meta = document.get("meta", {})
    _check_decisions(path, meta)
    _check_names(path, document)
    return Suite(
        name=document["name"],
        boundary=meta["boundary"],
        table=meta["table"],
        severity=meta["severity"],
        shows_samples=meta["samples"] == "shown",
        why=meta["why"],
        owner=meta["owner"],
        advice=meta["advice"],
        document=document,
        rows=meta.get("rows"),
    )


def _check_decisions(path: Path, meta: dict[str, Any]) -> None:
    for key, allowed in _DECISIONS.items():
        value = meta.get(key)
        if not value or (allowed and value not in allowed):
            choice = f"one of {', '.join(allowed)}" if allowed else "a text"
            raise ConfigurationError(f"read suite file {path}: its meta has {key} = {value!r}, and must have {choice}")


def _check_names(path: Path, document: dict[str, Any]) -> None:
    if document.get("name") != path.stem:
        raise ConfigurationError(
            f"read suite file {path}: it is named {document.get('name')!r} inside; give it the file's name"
        )
    expectations = document.get("expectations") or []
    checks = [expectation.get("meta", {}).get("check") for expectation in expectations]
    described = all(expectation.get("description") for expectation in expectations)
    if not checks or None in checks or len(set(checks)) < len(checks) or not described:
        raise ConfigurationError(
            f"read suite file {path}: it needs expectations, each with a description and a meta.check that is unique "
            f"in the file; the checks are {checks}"
        )
