"""
# Metric attribution of Amazon Personalize

Counts purchases, then what is clicked too, and removes the metric attribution.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, chain
from small_shop.setting import BUCKET, DEFAULTS, ENV_ID, PREFIX, ROLE_ARN
from small_shop.stage import clear_stage, open_shop

from airflow_personalize.operators.personalize import (
    PersonalizeCreateMetricAttributionOperator,
    PersonalizeDeleteMetricAttributionOperator,
    PersonalizeUpdateMetricAttributionOperator,
)
from airflow_personalize.sensors.personalize import PersonalizeMetricAttributionSensor

with DAG(
    "example_personalize_attribution",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    shop = open_shop("attribution")

    # [START howto_operator_personalize_create_metric_attribution]
    attribution = PersonalizeCreateMetricAttributionOperator(
        task_id="attribution",
        name=f"{ENV_ID}-attribution",
        dataset_group_arn=shop["group"],
        metrics=[{"eventType": "purchase", "metricName": "purchases", "expression": "SAMPLECOUNT()"}],
        role_arn=ROLE_ARN,
        output_location=f"s3://{BUCKET}/{PREFIX}/attribution/reports/",
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_metric_attribution]

    # [START howto_sensor_personalize_metric_attribution]
    await_attribution = PersonalizeMetricAttributionSensor(task_id="await_attribution", arn=attribution.output)
    # [END howto_sensor_personalize_metric_attribution]

    # [START howto_operator_personalize_update_metric_attribution]
    count_clicks = PersonalizeUpdateMetricAttributionOperator(
        task_id="count_clicks",
        arn=attribution.output,
        add_metrics=[{"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}],
    )
    # [END howto_operator_personalize_update_metric_attribution]

    # [START howto_operator_personalize_delete_metric_attribution]
    delete_attribution = PersonalizeDeleteMetricAttributionOperator(
        task_id="delete_attribution", arn=attribution.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_metric_attribution]

    chain(attribution, await_attribution, count_clicks, delete_attribution, clear_stage("attribution"))
