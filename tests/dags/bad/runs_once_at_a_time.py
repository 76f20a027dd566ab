"""
# Bad in one way

Reads  nothing.  Writes  nothing.
Safe to rerun: it does nothing.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag


@task
def _work() -> None: ...


@dag(**{**stage_dag("runs_once_at_a_time", __doc__), "max_active_runs": 4}, params=RUN_KEY_PARAM)
def build() -> None:
    _work()


build()
