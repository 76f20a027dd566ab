"""
# Recommend

Reads  asset `models` (those that are live by ops.model_versions), core.customers, personalize.items.
Writes the answers of two batch jobs to S3; asset `batch_output`, which says where they are.

1. find_models – the live version of each solution; a new one is live when `train` has promoted it
2. write_users, write_items – who and what is asked about
3. gate_batch_input – stops when far fewer are asked about than in the last good run
4. for users and for items: plan_answer, batch_job, record_answer
5. announce – where the answers are

A kind whose model has no live version, because evaluation rejected its first one, is skipped while another kind has
one; log, receipt and event say why.
There is one such DAG per dataset group that is asked something.
A job that would answer what the newest one has answered (same model, imports, input and length) is not started: its
answers are handed on, and the log says so.
Safe to rerun: the run key names the jobs, so a rerun finds what it started.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.gate import gate
from aisle.dag.groups import param_of
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.stages.recommend.tasks import announce, ask, find_models, write


def recommend_for(group: DatasetGroup) -> None:
    """Create the recommend DAG of a group."""

    @dag(**stage_dag("recommend", __doc__, group=group, clock="recommend"), params=RUN_KEY_PARAM | param_of(group))
    def recommend() -> None:
        models, inputs = find_models(), {question.kind: write(question) for question in group.questions}
        passed = gate("batch_input", group=group)
        list(inputs.values()) >> passed
        answers = {}
        for question in group.questions:
            answers[question.kind] = ask(group, question, models, inputs[question.kind], passed)
        announce(group, answers, models)

    recommend()


for dataset_group in dataset_groups():
    if "recommend" in dataset_group.stages:
        recommend_for(dataset_group)
