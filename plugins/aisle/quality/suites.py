"""The suite files of `expectations/suites`, read and checked. Knows nothing of Great Expectations itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from aisle.errors import ConfigurationError
from aisle.settings import PROJECT_ROOT

EXPECTATIONS_ROOT = PROJECT_ROOT / "expectations"
SUITES = EXPECTATIONS_ROOT / "suites"

#: From left to right. Those of GROUP_BORDERS each dataset group passes for itself.
BORDERS = ("raw", "marts", "export", "batch_input", "batch_output")
GROUP_BORDERS = ("export", "batch_input", "batch_output")

Severity = Literal["stop", "note"]

#: What every suite must have decided about itself in its `meta`; None: any text.
_DECISIONS: dict[str, tuple[str, ...] | None] = {
    "border": BORDERS,
    "table": None,
    "severity": ("stop", "note"),
    "samples": ("shown", "hidden"),
    "why": None,
}


@dataclass(frozen=True)
class Suite:
    """One file: what is expected of one table, and what it means when the table disappoints."""

    name: str
    border: str
    table: str  # schema.table
    severity: Severity
    shows_samples: bool
    why: str
    document: dict[str, Any]  # the file itself, as Great Expectations takes it
    rows: str | None = None  # the condition of the run's own rows, with %(run_key)s and %(dataset_group)s; None: all
    remedy: str | None = None  # what a person can do when it stops, beside fixing the data

    @property
    def checks(self) -> tuple[str, ...]:
        """Names of the expectations, in the file's order."""
        return tuple(expectation["meta"]["check"] for expectation in self.document["expectations"])


def suites_of(border: str, folder: Path = SUITES) -> list[Suite]:
    """The suites of one border, by name. Raises ConfigurationError for an unusable file, or if there is no suite."""
    suites = [suite for suite in map(read_suite, sorted(folder.glob("*.json"))) if suite.border == border]
    if not suites:
        raise ConfigurationError(
            f"looked in {folder} for the suites of border {border!r} and found none; borders are {', '.join(BORDERS)}"
        )
    return suites


def read_suite(path: Path) -> Suite:
    """The suite of one file. Raises ConfigurationError that names the file and what it leaves undecided."""
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise ConfigurationError(f"read suite file {path}, which is no JSON: {error}") from error
    meta = document.get("meta", {})
    _check_decisions(path, meta)
    _check_names(path, document)
    return Suite(
        name=document["name"],
        border=meta["border"],
        table=meta["table"],
        severity=meta["severity"],
        shows_samples=meta["samples"] == "shown",
        why=meta["why"],
        document=document,
        rows=meta.get("rows"),
        remedy=meta.get("remedy"),
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
