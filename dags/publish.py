"""
# Publish

Reads  asset `batch_output` (JSON lines on S3).  Writes asset `cache` (`cache.offline_user_recommendations`,
`cache.offline_similar_items`, `cache.generations`; lines without a list: `cache.rejected_lines`).

1. find_batch_output – where the lines are: the triggering event, or the params of a hand start
2. stage_users, stage_items – COPY into staging tables beside the live ones
3. gate_batch_output, check_coverage – stop here unless the staged lists are sound and enough of them
4. switch – one transaction: staged becomes live, live becomes previous

Safe to rerun: until the switch nobody sees anything, staging tables of a dead run are replaced, and a run that is
already live replaces itself. A bad generation is taken back with `aisle.publish.generations.rollback()`.
"""

from airflow.sdk import chain, dag

from aisle.assets import BATCH_OUTPUT
from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.publish.tasks import OUTPUT_PARAMS, check_coverage, find_batch_output, stage, switch
from aisle.quality.tasks import gate


@dag(**line_dag("publish", __doc__, follows=BATCH_OUTPUT), params={**RUN_KEY_PARAM, **OUTPUT_PARAMS})
def publish():
    batch = find_batch_output()
    staged = [stage.override(task_id=f"stage_{subject}")(subject, batch) for subject in ("users", "items")]
    chain(staged, [gate("batch_output"), check_coverage(batch, staged)], switch(batch, staged))


publish()
