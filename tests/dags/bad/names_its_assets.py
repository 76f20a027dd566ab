"""
# Bad in one way

Reads  nothing.  Writes  nothing.
Safe to rerun: it does nothing.
"""

from __future__ import annotations

from airflow.sdk import dag, task

from aisle.dag.assets import CACHE
from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag


@task(outlets=[CACHE])
def _work() -> None: ...


@dag(**stage_dag("names_its_assets", __doc__), params=RUN_KEY_PARAM)
def build() -> None:
    _work()


build()
