"""Follows new orders, as transform does, and does nothing with them: only its runs are counted."""

from airflow.sdk import dag, task

from aisle.dag.assets import RAW_ORDERS
from aisle.dag.defaults import stage_dag


@task
def follow() -> None:
    """Nothing."""


@dag(**stage_dag("transform", __doc__, follows=RAW_ORDERS))
def transform() -> None:
    follow()


transform()
