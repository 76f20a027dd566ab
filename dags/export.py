"""
# Export

Reads  asset `marts` (personalize.interactions, personalize.items, personalize.users).
Writes one CSV per dataset to S3, the datasets in Personalize; asset `personalize_input`.

1. gate_marts – a mart that is not fit for Personalize stops here, before it costs anything
2. write_interactions, write_items, write_users – the group's rows of each mart as CSV
3. gate_export – stops when a file has far fewer rows than that of the last good run
4. dataset_group – made once, found ever after
5. per dataset: schema, dataset, dataset_schema (takes new columns), plan_import, import_job, record_import
6. announce

There is one such DAG per dataset group.
A dataset whose bytes are those of its newest import is not imported again; the log says so.
Safe to rerun: a run key names the files and jobs, so a rerun finds what it started.
"""

from __future__ import annotations

from airflow.sdk import chain, dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.dag.gate import gate
from aisle.dag.groups import param_of
from aisle.groups.dataset_group import DatasetGroup, dataset_groups
from aisle.stages.export.tasks import announce, import_dataset, make_group, write


def export_for(group: DatasetGroup) -> None:
    """Create the export DAG of a group."""

    @dag(**stage_dag("export", __doc__, group=group, clock="export"), params=RUN_KEY_PARAM | param_of(group))
    def export() -> None:
        made, files = make_group(group), {dataset: write(dataset) for dataset in group.datasets}
        imports = [import_dataset(group, dataset, files[dataset], made.output) for dataset in group.datasets]
        chain(gate("marts"), list(files.values()), gate("export", group=group), made, imports, announce(group))

    export()


for dataset_group in dataset_groups():
    export_for(dataset_group)
