"""
# Batch jobs of Amazon Personalize

Asks one model what to recommend to some users, and another one which users some items are for.
"""

from __future__ import annotations

from airflow.sdk import DAG, chain
from small_shop.setting import BUCKET, DEFAULTS, ENV_ID, PREFIX, ROLE_ARN
from small_shop.stage import clear_stage, open_shop, write_json_lines

from airflow_personalize.operators.personalize import (
    PersonalizeCreateBatchInferenceJobOperator,
    PersonalizeCreateBatchSegmentJobOperator,
)
from airflow_personalize.sensors.personalize import PersonalizeBatchInferenceJobSensor, PersonalizeBatchSegmentJobSensor

TASTE, AFFINITY = "aws-user-personalization-v2", "aws-item-affinity"
FOLDER = f"s3://{BUCKET}/{PREFIX}/batch"

with DAG(
    "example_personalize_batch",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    shop = open_shop("batch", [TASTE, AFFINITY])
    users = write_json_lines.override(task_id="users")("batch", "userId", ["user-1", "user-2"])
    items = write_json_lines.override(task_id="items")("batch", "itemId", ["item-1", "item-2"])

    # [START howto_operator_personalize_create_batch_inference_job]
    recommend = PersonalizeCreateBatchInferenceJobOperator(
        task_id="recommend",
        name=f"{ENV_ID}-recommend",
        solution_version_arn=shop[TASTE],
        input_location=users,
        output_location=f"{FOLDER}/recommended/",
        role_arn=ROLE_ARN,
        num_results=10,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_batch_inference_job]

    # [START howto_sensor_personalize_batch_inference_job]
    await_recommended = PersonalizeBatchInferenceJobSensor(task_id="await_recommended", arn=recommend.output)
    # [END howto_sensor_personalize_batch_inference_job]

    # [START howto_operator_personalize_create_batch_segment_job]
    segment = PersonalizeCreateBatchSegmentJobOperator(
        task_id="segment",
        name=f"{ENV_ID}-segment",
        solution_version_arn=shop[AFFINITY],
        input_location=items,
        output_location=f"{FOLDER}/segments/",
        role_arn=ROLE_ARN,
        num_results=5,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_batch_segment_job]

    # [START howto_sensor_personalize_batch_segment_job]
    await_segments = PersonalizeBatchSegmentJobSensor(task_id="await_segments", arn=segment.output)
    # [END howto_sensor_personalize_batch_segment_job]

    cleared = clear_stage("batch")
    chain(recommend, await_recommended, cleared)
    chain(segment, await_segments, cleared)
