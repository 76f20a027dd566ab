"""
# Resources

Reads  the file of the environment (include/personalize/default.yaml, or another), Personalize.
Writes what the file describes, in Personalize: dataset groups, schemas, datasets, solutions, campaigns, filters, …

1. plan_resources – what would change, in the log and as XCom
2. apply_resources – make it so in the order of dependence; not in a dry run, which is the default

Nothing is deleted, and nothing replaced, without `prune`. A change that cannot be made safely is refused before
anything is touched.
Safe to rerun: every run looks at what is there and does what is left, after a kill too.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.resources.tasks import apply_resources, plan_resources

PARAMS = {
    "dry_run": Param(True, type="boolean", description="Plan only, touch nothing."),
    "prune": Param(False, type="boolean", description="Allow deletions: what the file dropped, what must be replaced."),
    "file": Param(None, type=["null", "string"], description="Path of the file. Empty: that of the settings."),
}


@dag(**stage_dag("resources", __doc__), params=RUN_KEY_PARAM | PARAMS)
def resources() -> None:
    """Plan, then apply."""
    plan_resources() >> apply_resources()


resources()
