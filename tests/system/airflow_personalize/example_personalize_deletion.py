"""
# Deletion of users from Amazon Personalize

Removes two users from every dataset and model of a dataset group.
"""

from __future__ import annotations

from airflow.sdk import DAG, chain
from small_shop.setting import DEFAULTS, ENV_ID, ROLE_ARN
from small_shop.stage import clear_stage, open_shop, write_users

from airflow_personalize.operators.personalize import PersonalizeCreateDataDeletionJobOperator
from airflow_personalize.sensors.personalize import PersonalizeDataDeletionJobSensor

with DAG(
    "example_personalize_deletion",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    shop = open_shop("deletion")

    # [START howto_operator_personalize_create_data_deletion_job]
    forget = PersonalizeCreateDataDeletionJobOperator(
        task_id="forget",
        name=f"{ENV_ID}-forget",
        dataset_group_arn=shop["group"],
        data_location=write_users("deletion", ["user-1", "user-2"]),
        role_arn=ROLE_ARN,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_data_deletion_job]

    # [START howto_sensor_personalize_data_deletion_job]
    await_forgotten = PersonalizeDataDeletionJobSensor(task_id="await_forgotten", arn=forget.output)
    # [END howto_sensor_personalize_data_deletion_job]

    chain(forget, await_forgotten, clear_stage("deletion"))
