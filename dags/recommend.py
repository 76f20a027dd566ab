"""
# Recommend

Reads  asset `models` (those that are live by ops.model_versions), core.customers, personalize.items.
Writes the answers of two batch jobs to S3; asset `batch_output`, which says where they are.

1. find_models – the live version of each solution; a new one is live when `train` has promoted it
2. for users and for items: write_input, plan_answer, batch_job, record_answer
3. announce

A job that would answer what the newest one has answered (same model, imports, input and length) is not started: its
answers are handed on, and the log says so.
Safe to rerun: the run key names the jobs, so a rerun finds what it started.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.personalize import ITEMS, USERS
from aisle.recommend.tasks import announce, ask, find_models


@dag(**line_dag("recommend", __doc__, clock="recommend"), params=RUN_KEY_PARAM)
def recommend() -> None:
    """The recommend leg."""
    models = find_models()
    announce(ask(USERS, models), ask(ITEMS, models))


recommend()
