"""
# Bad in one way

Reads  nothing.  Writes  nothing.
Safe to rerun: it does nothing.
"""

from __future__ import annotations

import os

from airflow.sdk import dag, task

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag

LIMIT = os.environ.get("LIMIT", "10")


@task
def _work() -> None: ...


@dag(**stage_dag("reads_nothing_itself", __doc__), params=RUN_KEY_PARAM)
def build() -> None:
    _work()


build()
