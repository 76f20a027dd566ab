"""
# Train

Reads  the newest imports in Personalize.
Writes one version per solution in Personalize, its metrics to ops.model_metrics; asset `models`.

1. find_data – which imports there are to learn from
2. per solution: solution, plan_version, version (the training itself), store_metrics
3. announce

A solution whose data and recipe are those of its newest version is not trained again, unless `force` is set.
Safe to rerun: the run key names the versions, so a rerun finds the training it started.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from aisle.contracts.personalize import SOLUTIONS
from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.train.tasks import announce, find_data, train_solution

FORCE_PARAM = {"force": Param(False, type="boolean", description="Train even if neither data nor recipe has changed.")}


@dag(**line_dag("train", __doc__, clock="train"), params=RUN_KEY_PARAM | FORCE_PARAM)
def train() -> None:
    """The train leg."""
    data = find_data()
    [train_solution(solution, data) for solution in SOLUTIONS] >> announce()


train()
