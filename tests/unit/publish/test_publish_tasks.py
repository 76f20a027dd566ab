from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from airflow.sdk.api.datamodels._generated import AssetReferenceAssetEventDagRun
from airflow.sdk.execution_time.comms import AssetEventDagRunReferenceResult
from airflow.sdk.execution_time.context import TriggeringAssetEventsAccessor

from aisle.dag.assets import BATCH_OUTPUT
from aisle.dag.defaults import resolve_run_key
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import dataset_groups
from aisle.stages.publish.tasks import newest_extra

FIRST = dataset_groups()[0]


class Inlet(list[Any]):
    """Stands in for Airflow's query of an asset's events."""

    def ascending(self, ascending: bool) -> Inlet:
        return Inlet(self if ascending else reversed(self))

    def limit(self, limit: int) -> Inlet:
        return Inlet(self[:limit])


def event(run_key: str) -> AssetEventDagRunReferenceResult:
    return AssetEventDagRunReferenceResult(
        asset=AssetReferenceAssetEventDagRun(name=BATCH_OUTPUT.name, uri=BATCH_OUTPUT.uri, extra={}),
        extra={"run_key": run_key},
        source_task_id="hand_over",
        source_dag_id="recommend",
        source_run_id="r",
        source_map_index=-1,
        source_aliases=[],
        timestamp=datetime.now(UTC),
    )


def context(triggering: list[str], inlet: list[str]) -> dict[str, Any]:
    return {
        "triggering_asset_events": TriggeringAssetEventsAccessor.build(map(event, triggering)),
        "inlet_events": {BATCH_OUTPUT: Inlet(map(event, inlet))},
    }


def test_the_event_that_started_the_run_wins_and_of_several_the_one_that_named_it() -> None:
    given = context(["20260102T0000", "20260101T0000"], ["20260103T0000"])
    assert newest_extra(given, FIRST) == {"run_key": "20260102T0000"}

    class DagRun:
        conf = None

    assert resolve_run_key(DagRun(), given["triggering_asset_events"]) == "20260102T0000"


def test_a_run_that_nothing_started_takes_the_newest_event() -> None:
    assert newest_extra(context([], ["20260101T0000", "20260103T0000"]), FIRST) == {"run_key": "20260103T0000"}


def test_without_any_event_the_message_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError, match="run recommend first"):
        newest_extra(context([], []), FIRST)
