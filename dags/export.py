"""
# Export

Reads  asset `marts` (personalize.interactions, personalize.items, personalize.users).
Writes one CSV per dataset to S3, the datasets in Personalize; asset `personalize_input`.

1. gate_marts – a mart that is not fit for Personalize stops here, before it costs anything
2. dataset_group – made once, found ever after
3. per dataset: write_csv, schema, dataset, dataset_schema (takes new columns), plan_import, import_job, record_import
4. announce

A dataset whose bytes are those of its newest import is not imported again; the log says so.
Safe to rerun: a run key names the files and jobs, so a rerun finds what it started.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag_defaults import RUN_KEY_PARAM, line_dag
from aisle.export.tasks import announce, dataset_group, import_dataset
from aisle.personalize import enabled_datasets
from aisle.quality.tasks import gate


@dag(**line_dag("export", __doc__, clock="export"), params=RUN_KEY_PARAM)
def export() -> None:
    """The export leg."""
    group = dataset_group()
    imports = [import_dataset(dataset, group.output) for dataset in enabled_datasets()]
    gate("marts") >> group >> imports >> announce()


export()
