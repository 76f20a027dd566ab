from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from airflow.sdk.serde import deserialize, serialize

from airflow_postgres_s3.copy_to_s3 import Copied
from aisle.batch.output import Batch
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.errors import FinalError
from aisle.evaluation.decisions import Candidate, VersionDecision
from aisle.evaluation.hold_out import HoldOut
from aisle.evaluation.twin import Twin
from aisle.ops.jobs import Plan
from aisle.orders.windows import Window
from aisle.stages.train.evaluation import EvaluationPlan

HOLD_OUT = HoldOut(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 31, 23, 59, 59, 123456, tzinfo=UTC), 1200)
TWIN = Twin("for-you-twin", "users", "arn:recipe", {"algorithmHyperParameters": {"hidden_dimension": "40"}}, "purchase")
CANDIDATE = Candidate("for-you", "users", "arn:version", "for-you-twin", None, None)
DECISION = VersionDecision("arn:version", True, "1.31 times as good", "| metric |")


def carried(value: Any) -> Any:
    """What the next task receives of a task's result."""
    return deserialize(serialize(value))


@pytest.mark.parametrize(
    "value",
    [
        Plan("export-20260101-abc123", "f" * 64, False, None),
        HOLD_OUT,
        TWIN,
        CANDIDATE,
        DECISION,
        Batch(run_key="20260101T0000", user_output="s3://b/u/", users_asked=10),
        EvaluationPlan({"a": CANDIDATE}, {"b": DECISION}, HOLD_OUT, [TWIN], {"c": "too little data"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_value_object_comes_out_of_xcom_as_it_went_in(value: Any) -> None:
    assert from_xcom(carried(to_xcom(value)), type(value)) == value


def test_a_result_is_plain_json_that_operators_can_index() -> None:
    result = to_xcom(EvaluationPlan({}, {}, HOLD_OUT, [TWIN], {}))

    assert serialize(result) == result == msgspec.json.decode(msgspec.json.encode(result))
    assert result["twins"][0]["name"] == "for-you-twin"
    assert result["hold_out"]["starts_at"] == "2026-01-01T00:00:00Z"


def test_a_result_of_the_version_before_is_read() -> None:
    """Results were the members of named tuples, with moments as Airflow writes them."""
    earlier = {
        "candidates": {
            "for-you": {
                "solution": "for-you",
                "kind": "users",
                "arn": "arn:version",
                "twin": "for-you-twin",
                "live_arn": None,
                "live_twin": None,
            }
        },
        "decided": {},
        "hold_out": {
            "starts_at": HOLD_OUT.starts_at,
            "ends_at": HOLD_OUT.ends_at,
            "n_interactions_before": HOLD_OUT.n_interactions_before,
        },
        "twins": [],
        "obstacles": {},
    }

    plan = from_xcom(carried(earlier), EvaluationPlan)

    assert plan == EvaluationPlan({"for-you": CANDIDATE}, {}, HOLD_OUT, [], {})


@pytest.mark.parametrize(
    ("earlier", "value"),
    [
        (
            {"source": "pos", "start": "2026-01-01T00:00:00+00:00", "end": "2026-01-08T00:00:00+00:00"},
            Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 8, tzinfo=UTC)),
        ),
        (
            {"job_name": "j", "fingerprint": "f", "reused": True, "output_uri": None, "reason": "trained"},
            Plan("j", "f", True, None),
        ),
        ({"uri": "s3://b/a.csv", "n_rows": 1, "n_bytes": 2, "sha256": "c"}, Copied("s3://b/a.csv", 1, 2, "c")),
        (
            {"arn": "arn:version", "passed": False, "reason": "why", "table": ""},
            VersionDecision("arn:version", False, "why", ""),
        ),
    ],
    ids=["window of backfill", "plan of train", "file of export", "decision of train"],
)
def test_results_of_each_stage_of_the_version_before_are_read(earlier: dict[str, Any], value: Any) -> None:
    assert from_xcom(carried(earlier), type(value)) == value


@dataclass(frozen=True, slots=True)
class Grown:
    """A value object that has got a member since the result was stored, and lost another."""

    name: str
    tags: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"name": "a"}, Grown("a")),
        ({"name": "a", "dropped": 1}, Grown("a")),
        ({"name": "a", "tags": ["x"], "dropped": {"y": None}}, Grown("a", ("x",))),
        ({"name": "a", "tags": ("x",), "limits": {"rows": 3}}, Grown("a", ("x",), {"rows": 3})),
    ],
)
def test_members_may_come_and_go_between_versions(stored: dict[str, Any], value: Grown) -> None:
    assert from_xcom(carried(stored), Grown) == value
    assert replace(value, name="b") != value


@pytest.mark.parametrize(
    ("stored", "place"),
    [
        ({"job_name": "j", "fingerprint": "f", "output_uri": None}, "`reused`"),
        ({"job_name": 7, "fingerprint": "f", "reused": False, "output_uri": None}, "`$.job_name`"),
        (["j", "f", False, None], "`array`"),
        (None, "`null`"),
    ],
)
def test_a_result_of_another_kind_is_final_and_says_what_is_wrong(stored: Any, place: str) -> None:
    with pytest.raises(FinalError) as refused:
        from_xcom(stored, Plan)

    assert "Plan" in str(refused.value)
    assert place in str(refused.value)
