"""
# Publish

Reads  asset `batch_output` (JSON lines on S3).  Writes asset `cache` (`cache.offline_user_recommendations`,
`cache.offline_similar_items`, `cache.popular_products`, `cache.generations`; records without a list:
`cache.rejected_records`).

1. find_batch_output – where the records are: the triggering event, or the params of a hand start
2. stage_users, stage_items – COPY into staging tables beside the live ones; skipped without a live model
3. gate_batch_output, check_coverage – stop here unless the staged lists are sound and enough of them
4. switch – one transaction: a group's popular products are counted, staged becomes live, live becomes previous

There is one such DAG per dataset group that is asked something; any but the first has assets and a cache schema of its
own.
Safe to rerun: until the switch nobody sees anything, staging tables of a dead run are replaced, and a run that is
already live replaces itself. A bad generation is taken back by the DAG `rollback`.
"""

from __future__ import annotations

from airflow.sdk import chain, cross_downstream, dag

from aisle.dag.assets import BATCH_OUTPUT, CACHE
from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.gate import gate
from aisle.dag.groups import asset_of, param_of
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.stages.publish.tasks import OUTPUT_PARAMS, check_coverage, find_batch_output, stage, subjects_of, switch


def publish_for(group: DatasetGroup) -> None:
    """Create the publish DAG of a group."""
    came, served = asset_of(group, BATCH_OUTPUT), asset_of(group, CACHE)

    @dag(
        **stage_dag("publish", __doc__, group=group, follows=came),
        params={**RUN_KEY_PARAM, **OUTPUT_PARAMS, **param_of(group)},
    )
    def publish() -> None:
        batch = find_batch_output.override(inlets=[came])()
        staged = [stage.override(task_id=f"stage_{subject}")(subject, batch) for subject in subjects_of(group)]
        checks = [gate("batch_output", group=group, without=batch["without"]), check_coverage(batch, staged)]
        cross_downstream(staged, checks)
        chain(checks, switch.override(inlets=[came], outlets=[served])(batch, staged))

    publish()


for dataset_group in dataset_groups():
    if "publish" in dataset_group.stages:
        publish_for(dataset_group)
