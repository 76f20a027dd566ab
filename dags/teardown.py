"""
# Teardown

Reads  Personalize, the bucket.
Writes nothing: deletes a dataset group with all that is in it, and the files of the bucket if that is asked for.

1. plan_removal – what goes and what stays, in the log and as XCom
2. remove_group – campaigns, solutions with their versions, filters, tracker, datasets, schemas, group; each waited for
3. empty_bucket – every file of the bucket, if its name was typed

A dry run by default. `confirm` must be the name of the group, typed out.
Safe to rerun: what is gone already is passed over.
"""

from __future__ import annotations

from airflow.sdk import Param, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.resources.tasks import empty_bucket, plan_removal, remove_group

PARAMS = {
    "group": Param(type="string", minLength=1, description="Name of the dataset group."),
    "confirm": Param("", type="string", description="Its name again: the group goes with all its data and models."),
    "dry_run": Param(True, type="boolean", description="List only, touch nothing."),
    "empty_bucket": Param("", type="string", description="Name of the bucket, if all its files are to go too."),
}


@dag(**stage_dag("teardown", __doc__), params=RUN_KEY_PARAM | PARAMS)
def teardown() -> None:
    """List, then remove."""
    plan_removal() >> remove_group() >> empty_bucket()


teardown()
