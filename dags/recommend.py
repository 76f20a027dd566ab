"""
# Recommend

Reads  asset `models` (those that are live by ops.model_versions), core.customers, personalize.items.
Writes the answers of two batch jobs to S3; asset `batch_output`, which says where they are.

1. find_models – the live version of each solution; a new one is live when `train` has promoted it
2. for users and for items: write_input, plan_answer, batch_job, record_answer
3. announce

There is one such DAG per dataset group that is asked something.
A job that would answer what the newest one has answered (same model, imports, input and length) is not started: its
answers are handed on, and the log says so.
Safe to rerun: the run key names the jobs, so a rerun finds what it started.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.dataset_groups import DatasetGroup, dataset_groups
from aisle.recommend.tasks import announce, ask, find_models


def recommend_for(group: DatasetGroup) -> None:
    """The recommend leg of one group."""

    @dag(**line_dag("recommend", __doc__, group=group, clock="recommend"), params=RUN_KEY_PARAM | group.param)
    def recommend() -> None:
        models = find_models()
        announce(group, {question.kind: ask(group, question, models) for question in group.questions})

    recommend()


for each in dataset_groups():
    if "recommend" in each.legs:
        recommend_for(each)
