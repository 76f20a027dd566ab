"""
# Bad in one way

Reads  nothing.  Writes  nothing.
Safe to rerun: it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import dag, task

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag

if TYPE_CHECKING:
    import is_tagged  # noqa: F401


@task
def _work() -> None: ...


@dag(**stage_dag("stands_alone", __doc__), params=RUN_KEY_PARAM)
def build() -> None:
    _work()


build()
