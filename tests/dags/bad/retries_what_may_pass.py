"""
# Bad in one way

Reads  nothing.  Writes  nothing.
Safe to rerun: it does nothing.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag


@task(retries=0)
def _work() -> None: ...


@dag(**stage_dag("retries_what_may_pass", __doc__), params=RUN_KEY_PARAM)
def build() -> None:
    _work()


build()
