"""The waiters of the Airflow provider, in botocore's format: one for each kind and outcome, from the status table.

botocore has no waiters for this service. The provider ships them in a file, which a test compares with these. After a
change here:

    python -m personalize_kinds.waiters > plugins/airflow_personalize/waiters/personalize.json
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from personalize_kinds.codes import NOT_FOUND, PASSING
from personalize_kinds.kinds import (
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    FILTER,
    KINDS,
    METRIC_ATTRIBUTION,
    RECOMMENDER,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from personalize_kinds.statuses import Outcome, Progress, progress

#: The kinds of each outcome. Recommenders belong to domain dataset groups, which the provider does not cover.
WAITED_FOR: Mapping[Outcome, tuple[Kind, ...]] = {
    "active": tuple(kind for kind in KINDS.values() if kind.has_status and kind != RECOMMENDER),
    "updated": (DATASET, SOLUTION, CAMPAIGN),
    "stopped": (SOLUTION_VERSION,),
    # A version is deleted with its solution.
    "deleted": tuple(
        kind
        for kind in KINDS.values()
        if kind.has_status and kind.can_be_deleted and kind not in (SOLUTION_VERSION, RECOMMENDER)
    ),
}
#: Ready within seconds; everything else takes minutes to hours.
_QUICK = (DATASET_GROUP, DATASET, EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION, SOLUTION)


def waiter_name(kind: Kind, outcome: Outcome = "active") -> str:
    """Name a waiter: `dataset_import_job_active`."""
    return f"{kind.name}_{outcome}"


def waiter_model() -> dict[str, Any]:
    """Build the model of all waiters, in the format of botocore's waiter files."""
    waiters = {
        waiter_name(kind, outcome): _waiter(kind, outcome) for outcome, kinds in WAITED_FOR.items() for kind in kinds
    }
    return {"version": 2, "waiters": waiters}


def _waiter(kind: Kind, outcome: Outcome) -> dict[str, Any]:
    delay, attempts = (5, 120) if kind in _QUICK else (60, 720)
    return {
        "operation": f"Describe{kind.noun}",
        "delay": delay,
        "maxAttempts": attempts,
        "acceptors": [*_acceptors(kind, outcome)],
    }


def _acceptors(kind: Kind, outcome: Outcome) -> Iterator[dict[str, str]]:
    path = kind.status_path(outcome)
    for status in kind.statuses:
        yield {"matcher": "path", "argument": path, "expected": status, "state": progress(status, outcome)}
    if outcome == "deleted":
        yield _error_acceptor(NOT_FOUND, "success")
    for code in sorted(PASSING):
        yield _error_acceptor(code, "retry")


def _error_acceptor(code: str, state: Progress) -> dict[str, str]:
    # botocore needs no argument here, but AwsBaseHook.get_waiter fails without one.
    return {"matcher": "error", "argument": "", "expected": code, "state": state}


def waiter_file() -> str:
    """Write the model as JSON, with one acceptor per line."""
    text = json.dumps(waiter_model(), indent=4)
    return (
        re.sub(r"\{\s+(\"matcher\"[^}]*?)\s+\}", lambda acceptor: f"{{{' '.join(acceptor[1].split())}}}", text) + "\n"
    )


def main() -> None:
    """Write the waiter file to the standard output."""
    sys.stdout.write(waiter_file())


if __name__ == "__main__":
    main()
