"""
# Solutions of Amazon Personalize

Trains a model, reads its metrics, changes the solution, stops a second training, and removes the solution.
"""

from __future__ import annotations

from airflow.sdk import DAG, TriggerRule, chain
from small_shop.setting import DEFAULTS, ENV_ID
from small_shop.stage import clear_stage, open_shop

from airflow_personalize.operators.personalize import (
    PersonalizeCreateSolutionOperator,
    PersonalizeCreateSolutionVersionOperator,
    PersonalizeDeleteSolutionOperator,
    PersonalizeGetSolutionMetricsOperator,
    PersonalizeStopSolutionVersionCreationOperator,
    PersonalizeUpdateSolutionOperator,
)
from airflow_personalize.sensors.personalize import PersonalizeSolutionSensor, PersonalizeSolutionVersionSensor

with DAG(
    "example_personalize_solutions",
    schedule=None,
    catchup=False,
    default_args=DEFAULTS,
    tags=["example"],
    doc_md=__doc__,
) as dag:
    shop = open_shop("solutions")

    # [START howto_operator_personalize_create_solution]
    solution = PersonalizeCreateSolutionOperator(
        task_id="solution",
        name=f"{ENV_ID}-taste",
        dataset_group_arn=shop["group"],
        recipe_arn="arn:aws:personalize:::recipe/aws-user-personalization-v2",
        wait_for_completion=False,
    )
    # [END howto_operator_personalize_create_solution]

    # [START howto_sensor_personalize_solution]
    await_solution = PersonalizeSolutionSensor(task_id="await_solution", arn=solution.output)
    # [END howto_sensor_personalize_solution]

    # [START howto_operator_personalize_create_solution_version]
    version = PersonalizeCreateSolutionVersionOperator(
        task_id="version", name="first", solution_arn=solution.output, deferrable=True
    )
    # [END howto_operator_personalize_create_solution_version]

    # [START howto_sensor_personalize_solution_version]
    await_version = PersonalizeSolutionVersionSensor(task_id="await_version", arn=version.output)
    # [END howto_sensor_personalize_solution_version]

    # [START howto_operator_personalize_get_solution_metrics]
    metrics = PersonalizeGetSolutionMetricsOperator(task_id="metrics", arn=version.output)
    # [END howto_operator_personalize_get_solution_metrics]

    # [START howto_operator_personalize_update_solution]
    train_weekly = PersonalizeUpdateSolutionOperator(
        task_id="train_weekly",
        arn=solution.output,
        perform_auto_training=True,
        solution_update_config={"autoTrainingConfig": {"schedulingExpression": "rate(7 days)"}},
    )
    # [END howto_operator_personalize_update_solution]

    unwanted = PersonalizeCreateSolutionVersionOperator(
        task_id="unwanted", name="unwanted", solution_arn=solution.output, wait_for_completion=False
    )

    # [START howto_operator_personalize_stop_solution_version_creation]
    stop = PersonalizeStopSolutionVersionCreationOperator(task_id="stop", arn=unwanted.output)
    # [END howto_operator_personalize_stop_solution_version_creation]

    # [START howto_operator_personalize_delete_solution]
    delete_solution = PersonalizeDeleteSolutionOperator(
        task_id="delete_solution", arn=solution.output, trigger_rule=TriggerRule.ALL_DONE
    )
    # [END howto_operator_personalize_delete_solution]

    chain(solution, await_solution, version, await_version, metrics, train_weekly, unwanted, stop)
    chain(stop, delete_solution, clear_stage("solutions"))
