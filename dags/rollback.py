"""
# Rollback

Reads  `cache.generations` or `ops.model_versions`: what was live before.
Writes asset `cache`, or asset `models` and the campaign; to `ops.interventions` who asked for it and why.

1. roll_back_cache – the previous generation is served again, from the next request on
2. roll_back_model – the previous version of a solution is asked by the next `recommend`
3. campaign – serves the live version in real time; only where the settings name a campaign

Started by hand; the param `what` chooses one of the two, and the other is skipped.
Safe to rerun: a run goes back once, however often it is tried. A second run goes forward again.
"""

from __future__ import annotations

from airflow.sdk import chain, dag

from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.evaluate.campaign import serve_live
from aisle.rollback.tasks import PARAMS, roll_back_cache, roll_back_model


@dag(**line_dag("rollback", __doc__), params={**PARAMS, **RUN_KEY_PARAM})
def rollback() -> None:
    """Bring back what was live before."""
    roll_back_cache()
    chain(roll_back_model(), *serve_live())


rollback()
