"""
# Campaigns of Amazon Personalize

Serves a model in real time, asks it through a filter, tells it what happens, and removes campaign, filter and tracker.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, chain, task
from small_shop.setting import DEFAULTS, ENV_ID
from small_shop.stage import clear_stage, open_shop

from airflow_personalize.hooks.personalize import PersonalizeRuntimeHook
from airflow_personalize.operators.personalize import (
    PersonalizeCreateCampaignOperator,
    PersonalizeCreateEventTrackerOperator,
    PersonalizeCreateFilterOperator,
    PersonalizeDeleteCampaignOperator,
    PersonalizeDeleteEventTrackerOperator,
    PersonalizeDeleteFilterOperator,
    PersonalizePutEventsOperator,
    PersonalizeUpdateCampaignOperator,
)
from airflow_personalize.sensors.personalize import (
    PersonalizeCampaignSensor,
    PersonalizeEventTrackerSensor,
    PersonalizeFilterSensor,
)

RECIPE = "aws-user-personalization-v2"
NAME = f"{ENV_ID}-campaigns"


@task
def ask(campaign_arn: str, filter_arn: str) -> list[str]:
    """What the campaign recommends to one user."""
    # [START howto_hook_personalize_runtime]
    answer = PersonalizeRuntimeHook().conn.get_recommendations(
        campaignArn=campaign_arn, userId="user-1", filterArn=filter_arn, numResults=5
    )
    # [END howto_hook_personalize_runtime]
    return [item["itemId"] for item in answer["itemList"]]


with DAG(
    "example_personalize_campaigns",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    shop = open_shop("campaigns", [RECIPE])

    # [START howto_operator_personalize_create_campaign]
    campaign = PersonalizeCreateCampaignOperator(
        task_id="campaign",
        name=NAME,
        solution_version_arn=shop[RECIPE],
        min_provisioned_tps=1,
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_campaign]

    # [START howto_sensor_personalize_campaign]
    await_campaign = PersonalizeCampaignSensor(task_id="await_campaign", arn=campaign.output)
    # [END howto_sensor_personalize_campaign]

    # [START howto_operator_personalize_update_campaign]
    provision = PersonalizeUpdateCampaignOperator(task_id="provision", arn=campaign.output, min_provisioned_tps=2)
    # [END howto_operator_personalize_update_campaign]

    # [START howto_operator_personalize_create_filter]
    not_refunded = PersonalizeCreateFilterOperator(
        task_id="not_refunded",
        name=f"{NAME}-not-refunded",
        dataset_group_arn=shop["group"],
        filter_expression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("refund")',
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_filter]

    # [START howto_sensor_personalize_filter]
    await_filter = PersonalizeFilterSensor(task_id="await_filter", arn=not_refunded.output)
    # [END howto_sensor_personalize_filter]

    # [START howto_operator_personalize_create_event_tracker]
    tracker = PersonalizeCreateEventTrackerOperator(
        task_id="tracker", name=NAME, dataset_group_arn=shop["group"], wait_for_completion=False
    )
    # [END howto_operator_personalize_create_event_tracker]

    # [START howto_sensor_personalize_event_tracker]
    await_tracker = PersonalizeEventTrackerSensor(task_id="await_tracker", arn=tracker.output)
    # [END howto_sensor_personalize_event_tracker]

    # [START howto_operator_personalize_put_events]
    put_events = PersonalizePutEventsOperator(
        task_id="put_events",
        tracking_id="{{ ti.xcom_pull(task_ids='tracker', key='tracking_id') }}",
        events=[
            {
                "eventId": f"{NAME}-{item}",
                "userId": "user-1",
                "sessionId": "session-1",
                "eventType": "purchase",
                "itemId": f"item-{item}",
                "sentAt": 1_800_000_000 + item,
            }
            for item in range(3)
        ],
    )
    # [END howto_operator_personalize_put_events]

    # [START howto_operator_personalize_delete_campaign]
    delete_campaign = PersonalizeDeleteCampaignOperator(
        task_id="delete_campaign", arn=campaign.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_campaign]

    # [START howto_operator_personalize_delete_filter]
    delete_filter = PersonalizeDeleteFilterOperator(
        task_id="delete_filter", arn=not_refunded.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_filter]

    # [START howto_operator_personalize_delete_event_tracker]
    delete_tracker = PersonalizeDeleteEventTrackerOperator(
        task_id="delete_tracker", arn=tracker.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_event_tracker]

    answer = ask(campaign.output, not_refunded.output)
    cleared = clear_stage("campaigns")
    chain(campaign, await_campaign, provision, answer, [delete_campaign, delete_filter], cleared)
    chain(not_refunded, await_filter, answer)
    chain(tracker, await_tracker, put_events, delete_tracker, cleared)
