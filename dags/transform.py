"""
# Transform

Reads  asset `raw_orders` (`raw.company__orders`, `raw.company__order_items`).  Writes asset `marts` (schemas `core`
and `personalize`; on the way `staging` and `intermediate`).

1. gate_raw – stop here unless the raw tables are sound
2. build – dbt: models and their data tests, in the order of their dependencies; of what changed, or of everything
3. gate_marts – the marts as Personalize wants them; passing it is the event of asset `marts`
4. document – models, columns and lineage as a page of the site of reports

Safe to rerun: unchanged input gives unchanged rows, and a build that failed is followed by one of everything. With
`full` everything is computed; the log and the receipt of the build say which it was, and why.
"""

from airflow.sdk import chain, dag

from aisle.dag.assets import MARTS, RAW_ORDERS
from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.gate import gate
from aisle.stages.transform.tasks import PARAMS, build, document


@dag(**stage_dag("transform", __doc__, follows=RAW_ORDERS), params={**PARAMS, **RUN_KEY_PARAM})
def transform():
    chain(gate("raw"), build(), [gate("marts", inlets=[RAW_ORDERS], outlets=[MARTS]), document()])


transform()
