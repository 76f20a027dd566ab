"""
# Datasets of Amazon Personalize

Makes a dataset group with a dataset of items, imports and exports it, gives it a wider schema, and removes it all.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, chain
from small_shop.orders import items_schema
from small_shop.setting import BUCKET, DEFAULTS, ENV_ID, PREFIX, ROLE_ARN
from small_shop.stage import clear_stage, write_items

from airflow_personalize.operators.personalize import (
    PersonalizeCreateDatasetExportJobOperator,
    PersonalizeCreateDatasetGroupOperator,
    PersonalizeCreateDatasetImportJobOperator,
    PersonalizeCreateDatasetOperator,
    PersonalizeCreateSchemaOperator,
    PersonalizeDeleteDatasetGroupOperator,
    PersonalizeDeleteDatasetOperator,
    PersonalizeDeleteSchemaOperator,
    PersonalizeUpdateDatasetOperator,
)
from airflow_personalize.sensors.personalize import (
    PersonalizeDatasetExportJobSensor,
    PersonalizeDatasetGroupSensor,
    PersonalizeDatasetImportJobSensor,
    PersonalizeDatasetSensor,
)

NAME = f"{ENV_ID}-datasets"

with DAG(
    "example_personalize_datasets",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    items = write_items("datasets")

    # [START howto_operator_personalize_create_dataset_group]
    group = PersonalizeCreateDatasetGroupOperator(task_id="group", name=NAME, wait_for_completion=False)
    # [END howto_operator_personalize_create_dataset_group]

    # [START howto_sensor_personalize_dataset_group]
    await_group = PersonalizeDatasetGroupSensor(task_id="await_group", arn=group.output)
    # [END howto_sensor_personalize_dataset_group]

    # [START howto_operator_personalize_create_schema]
    narrow = PersonalizeCreateSchemaOperator(task_id="narrow", name=f"{NAME}-narrow", schema=items_schema("CATEGORY"))
    # [END howto_operator_personalize_create_schema]
    wide = PersonalizeCreateSchemaOperator(
        task_id="wide", name=f"{NAME}-wide", schema=items_schema("CATEGORY", "BRAND")
    )

    # [START howto_operator_personalize_create_dataset]
    dataset = PersonalizeCreateDatasetOperator(
        task_id="dataset",
        name="items",
        dataset_group_arn=group.output,
        dataset_type="Items",
        schema_arn=narrow.output,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_dataset]

    # [START howto_sensor_personalize_dataset]
    await_dataset = PersonalizeDatasetSensor(task_id="await_dataset", arn=dataset.output)
    # [END howto_sensor_personalize_dataset]

    # [START howto_operator_personalize_create_dataset_import_job]
    import_items = PersonalizeCreateDatasetImportJobOperator(
        task_id="import_items",
        name=f"{NAME}-import",
        dataset_arn=dataset.output,
        data_location=items,
        role_arn=ROLE_ARN,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_dataset_import_job]

    # [START howto_sensor_personalize_dataset_import_job]
    await_import = PersonalizeDatasetImportJobSensor(task_id="await_import", arn=import_items.output, deferrable=True)
    # [END howto_sensor_personalize_dataset_import_job]

    # [START howto_operator_personalize_create_dataset_export_job]
    export_items = PersonalizeCreateDatasetExportJobOperator(
        task_id="export_items",
        name=f"{NAME}-export",
        dataset_arn=dataset.output,
        output_location=f"s3://{BUCKET}/{PREFIX}/datasets/exported/",
        role_arn=ROLE_ARN,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_dataset_export_job]

    # [START howto_sensor_personalize_dataset_export_job]
    await_export = PersonalizeDatasetExportJobSensor(task_id="await_export", arn=export_items.output)
    # [END howto_sensor_personalize_dataset_export_job]

    # [START howto_operator_personalize_update_dataset]
    widen = PersonalizeUpdateDatasetOperator(task_id="widen", arn=dataset.output, schema_arn=wide.output)
    # [END howto_operator_personalize_update_dataset]

    # [START howto_operator_personalize_delete_dataset]
    delete_dataset = PersonalizeDeleteDatasetOperator(
        task_id="delete_dataset", arn=dataset.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_dataset]

    # [START howto_operator_personalize_delete_schema]
    delete_schema = PersonalizeDeleteSchemaOperator(
        task_id="delete_schema", arn=narrow.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_schema]

    # [START howto_operator_personalize_delete_dataset_group]
    delete_group = PersonalizeDeleteDatasetGroupOperator(
        task_id="delete_group", arn=group.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_dataset_group]

    chain(group, await_group, dataset, await_dataset, import_items, await_import)
    chain(await_import, export_items, await_export, widen, delete_dataset)
    chain(delete_dataset, [delete_schema, delete_group], clear_stage("datasets"))
