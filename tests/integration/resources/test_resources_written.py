from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aisle.groups.desired import resources_of
from aisle.groups.environment import Environment
from aisle.groups.environment_file import load, text_of
from aisle.groups.resource import Resource
from aisle.resources.apply import apply, plans
from aisle.resources.converted import convert
from aisle.resources.imported import environment_of
from aisle.resources.live import Service
from aisle.settings import PROJECT_ROOT

Describe = Callable[[str], Environment]
Train = Callable[[str, str], str]

SOLUTION = "aws-solutions+maintaining-personalized-experiences-with-machine-learning"
MIRROR = PROJECT_ROOT.parent / ".mirror" / SOLUTION / "repo"
SAMPLE = "HEAD:source/tests/fixtures/config/sample_config.json"

#: A group with names of its own and with everything that the engine can hold.
FOREIGN = """
groups:
  - name: Old_Group
    tags: {owner: "some team"}
    datasets:
      interactions: {name: clicks, schema_name: clicks-v3}
      items:
        name: goods
        tags: {pii: "no"}
        schema: {type: record, name: Items, version: "1.1", fields: [
          {name: ITEM_ID, type: string}, {name: PRICE, type: float}, {name: BRAND, type: [string, "null"]}]}
    event_tracker: {name: web}
    solutions:
      ranking:
        name: best_first
        recipe: aws-user-personalization
        perform_hpo: true
        event_type: purchase
        auto_training_days: 1
        config:
          eventValueThreshold: "0.5"
          optimizationObjective: {itemAttribute: PRICE, objectiveSensitivity: LOW}
          hpoConfig:
            hpoResourceConfig: {maxNumberOfTrainingJobs: "2", maxParallelTrainingJobs: "1"}
            algorithmHyperParameterRanges:
              integerHyperParameterRanges: [{name: bptt, minValue: 20, maxValue: 30}]
      plain: {recipe: aws-sims, campaigns: {detail: {follow_newest: true}}}
    filters:
      cheap: {name: only_cheap, expression: INCLUDE ItemID WHERE Items.PRICE < 10}
    metric_attribution:
      name: brought
      role_arn: arn:aws:iam::000000000000:role/other
      output: s3://reports/brought/
      metrics: {bought: {event_type: purchase, expression: SUM(Items.PRICE)}}
"""


def test_a_plan_of_an_imported_group_has_nothing_to_do(
    service: Service, described: Describe, train: Train, tmp_path: Path
) -> None:
    original = described(FOREIGN)
    apply(service, original)
    train("Old_Group", "Old_Group-plain")
    apply(service, original)
    environment, left_out = environment_of(service, "Old_Group")
    assert left_out == []
    file = tmp_path / "imported.yaml"
    file.write_text(text_of(environment, "As it is."))
    assert plans(service, load(file))[0].of("unchanged")
    assert plans(service, load(file))[0].is_settled
    assert all_of(load(file)) == all_of(original)


def all_of(environment: Environment) -> dict[Any, Resource]:
    return {
        resource.key: resource for group in environment.groups for resource in resources_of(group, environment.tags)
    }


def equivalent() -> dict[str, Any]:
    """A parameter file of the deprecated solution with every section that it knows."""

    def schema(dataset: str, *columns: tuple[str, Any]) -> dict[str, Any]:
        fields = [{"name": name, "type": kind} for name, kind in columns]
        record = {
            "type": "record", "name": dataset, "namespace": "com.amazonaws.personalize.schema", "fields": fields,
        }  # fmt: skip
        return {
            "dataset": {"serviceConfig": {"name": f"my-{dataset}"}},
            "schema": {"serviceConfig": {"name": f"my-{dataset}-schema", "schema": record}},
        }

    interactions = (("USER_ID", "string"), ("ITEM_ID", "string"), ("TIMESTAMP", "long"), ("EVENT_TYPE", "string"))
    recipe = "arn:aws:personalize:::recipe/{}".format
    return {
        "tags": [{"tagKey": "project", "tagValue": "old"}],
        "datasetGroup": {
            "serviceConfig": {"name": "old-shop"},
            "workflowConfig": {"schedules": {"import": "cron(0 */6 * * ? *)"}, "maxAge": "1 day"},
        },
        "datasets": {
            "serviceConfig": {"importMode": "FULL"},
            "interactions": schema("interactions", *interactions),
            "users": schema("users", ("USER_ID", "string"), ("AGE", "int")),
        },
        "solutions": [
            {
                "serviceConfig": {
                    "name": "old-up", "recipeArn": recipe("aws-user-personalization"), "performAutoML": False,
                    "solutionVersion": {"name": "v1", "trainingMode": "UPDATE"},
                    "tags": [{"tagKey": "team", "tagValue": "a"}],
                },
                "workflowConfig": {"schedules": {"full": "cron(0 2 ? * MON *)", "update": "cron(0 0 L * ? *)"}},
                "campaigns": [{"serviceConfig": {"name": "old-campaign", "minProvisionedTPS": 2}}],
                "batchInferenceJobs": [{"serviceConfig": {}, "workflowConfig": {"schedule": "cron(0 3 ? * 2-6 *)"}}],
            },
            {
                "serviceConfig": {"name": "old-affinity", "recipeArn": recipe("aws-item-affinity")},
                "batchSegmentJobs": [
                    {"serviceConfig": {"numResults": 50}, "workflowConfig": {"schedule": "cron(0 3 * * ? *)"}},
                    {"serviceConfig": {}, "workflowConfig": {"schedule": "cron(0 4 * * ? *)"}},
                ],
            },
        ],
        "eventTracker": {"serviceConfig": {"name": "old-tracker"}},
        "filters": [
            {"serviceConfig": {
                "name": "old-filter", "filterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE in ("*")'}},
        ],
        "recommenders": [{"serviceConfig": {"name": "most-viewed"}}],
    }  # fmt: skip


def test_a_parameter_file_is_converted_planned_and_applied(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "parameters.json"
    file.write_text(json.dumps(equivalent()))
    environment, left_out = convert(file)
    assert left_out == [
        "solutions[0]: schedule cron(0 0 L * ? *): L (last, nearest weekday, nth weekday) has no counterpart",
        'datasetGroup.workflowConfig.maxAge: "1 day"',
        'datasets.serviceConfig.importMode: "FULL"',
        "solutions[0].serviceConfig.performAutoML: false",
        'solutions[0].serviceConfig.solutionVersion.name: "v1"',
        'solutions[1].batchSegmentJobs[1].workflowConfig.schedule: "cron(0 4 * * ? *)"',
        'recommenders[0].serviceConfig.name: "most-viewed"',
    ]
    group = environment.groups[0]
    assert environment.tags == {"project": "old"}
    assert group.import_schedule == "0 */6 * * *"
    assert group.solutions["old-up"].training.mode == "UPDATE"
    assert group.solutions["old-up"].training.schedule == "0 2 * * MON"
    batch = group.solutions["old-up"].batch_inference
    assert batch is not None
    assert batch.schedule == "0 3 * * 1-5"
    assert group.solutions["old-up"].campaigns["old-campaign"].min_provisioned_tps == 2
    segment = group.solutions["old-affinity"].batch_segment
    assert segment is not None
    assert segment.num_results == 50

    apply(service, environment)
    assert [change.resource.title for change in plans(service, environment)[0].of("wait")] == ["campaign old-campaign"]
    assert {change.action for change in plans(service, environment)[0].changes} == {"unchanged", "wait"}
    written = tmp_path / "converted.yaml"
    written.write_text(text_of(environment, "Converted."))
    assert load(written) == environment


def test_the_solutions_own_sample_is_converted_planned_and_applied(service: Service, tmp_path: Path) -> None:
    if not MIRROR.exists():
        pytest.skip(f"the solution's own sample is not here: {MIRROR} does not exist")
    git = ["git", f"--git-dir={MIRROR}", "show", SAMPLE]
    file = tmp_path / "sample.json"
    file.write_bytes(subprocess.run(git, check=True, capture_output=True).stdout)
    environment, left_out = convert(file)
    assert left_out == []
    apply(service, environment)
    plan = plans(service, environment)[0]
    assert len(plan.of("unchanged")) == 16
    assert [change.resource.kind.name for change in plan.of("wait")] == ["campaign", "campaign"]
