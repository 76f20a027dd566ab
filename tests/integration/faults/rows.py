"""The operators under fault, one row each: the work of the operator, and how to see that it was done exactly once.

A row makes work of its own each time it is asked, so that the rows, and the faults of one row, do not meet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from airflow_personalize.operators import personalize as operators
from aisle.contracts.personalize import INTERACTIONS
from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
    Kind,
)
from tests.integration.faults.proxy import Telling
from tests.integration.faults.world import EVENT, FILTER_EXPRESSION, METRIC, RECIPE, ROLE, WIDER_ITEMS, World, fresh

Arguments = dict[str, Any]
_CREATING = Telling("CREATE IN_PROGRESS")
_DELETING = Telling("DELETE IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Work:
    """The work of an operator and its results: exactly one, the one it returns, is right."""

    arguments: Arguments
    results: Callable[[], list[Any]]


@dataclass(frozen=True)
class Row:
    """One operator.

    `call` is the operation that does its work, `look` the one by which it waits, if it does; `looks_before` it looks
    before its call. `on_its_way` and `failed` are what a look may tell. A `slow` row works where jobs take for ever.
    """

    operator: type
    call: str
    work: Callable[[World], Work]
    look: str | None = None
    looks_before: int = 0
    on_its_way: Telling = _CREATING
    failed: str | None = "CREATE FAILED"
    slow: bool = False

    @property
    def name(self) -> str:
        return self.operator.__name__

    def make(self, work: Work, **more: Any) -> Any:
        """The operator, set up for the work; without a pause between two looks."""
        waiting = {"waiter_delay": 0, "waiter_max_attempts": 8} if self.look else {}
        return self.operator(task_id="task", **{**waiting, **work.arguments, **more})


def _creation(
    operator: type,
    resource: Kind,
    arguments: Callable[[World], Arguments],
    parent: str = "",
    **more: Any,
) -> Row:
    """The row of a create operator. `parent` is the argument that says under what it creates."""

    def work(world: World) -> Work:
        given = {"name": fresh("run"), **arguments(world)}
        under = {_camel(parent): given[parent]} if parent else {}

        def results() -> list[str]:
            arns = world.named(resource, given["name"], **under)
            for arn in arns:
                world.settle(resource, arn)  # only a few jobs of a kind may be under way at once
            return arns

        return Work(given, results)

    look = None if resource == SCHEMA else f"Describe{resource.noun}"
    return Row(operator, f"Create{resource.noun}", work, look, **more)


def _update(
    operator: type,
    resource: Kind,
    arguments: Callable[[World], Arguments],
    is_done: Callable[[dict[str, Any], Arguments], bool],
) -> Row:
    """The row of an update operator. `is_done` takes what the service then says of the resource, and the arguments."""

    def work(world: World) -> Work:
        given = arguments(world)
        return Work(given, lambda: [given["arn"]] if is_done(world.settled(resource, given["arn"]), given) else [])

    return Row(
        operator,
        f"Update{resource.noun}",
        work,
        f"Describe{resource.noun}",
        looks_before=1,
        on_its_way=Telling("CREATE IN_PROGRESS", within=resource.update_member),
    )


def _deletion(operator: type, resource: Kind, make: Callable[[World], str]) -> Row:
    """The row of a delete operator. Nothing that it waits for counts as failed."""

    def work(world: World) -> Work:
        arn = make(world)
        return Work({"arn": arn}, lambda: [arn] if world.is_gone(resource, arn) else [])

    look = None if resource == SCHEMA else f"Describe{resource.noun}"
    return Row(operator, f"Delete{resource.noun}", work, look, on_its_way=_DELETING, failed=None)


def _camel(argument: str) -> str:
    first, *others = argument.split("_")
    return first + "".join(word.title() for word in others)


def _stop(world: World) -> Work:
    arn = world.client.create_solution_version(name=fresh("stop"), solutionArn=world.solution)["solutionVersionArn"]
    stopped = ("CREATE STOPPED", "CREATE STOPPING")
    return Work({"arn": arn}, lambda: [arn] if world.describe(SOLUTION_VERSION, arn)["status"] in stopped else [])


def _metrics(world: World) -> Work:
    read = world.client.get_solution_metrics
    return Work({"arn": world.version}, lambda: [read(solutionVersionArn=world.version)["metrics"]])


def _more_metrics(world: World) -> Work:
    arn = world.attribution()
    added = {**METRIC, "metricName": "added"}

    def results() -> list[str]:
        metrics = world.client.list_metric_attribution_metrics(metricAttributionArn=arn)["metrics"]
        return [arn for metric in metrics if metric["metricName"] == "added"]

    return Work({"arn": arn, "add_metrics": [added]}, results)


def _events(world: World) -> Work:
    group = world.group_of_its_own()
    dataset = world.dataset_of(group, world.schema)
    tracker = world.make("event_tracker", name="tracker", datasetGroupArn=group)
    arguments = {"tracking_id": world.describe(EVENT_TRACKER, tracker)["trackingId"], "events": [EVENT]}
    return Work(arguments, lambda: [world.n_recorded(dataset)])


ROWS = (
    _creation(operators.PersonalizeCreateSchemaOperator, SCHEMA, lambda world: {"schema": INTERACTIONS.avro_schema}),
    _creation(operators.PersonalizeCreateDatasetGroupOperator, DATASET_GROUP, lambda world: {}),
    _creation(
        operators.PersonalizeCreateDatasetOperator,
        DATASET,
        lambda world: {
            "dataset_group_arn": world.group_of_its_own(),
            "dataset_type": "Interactions",
            "schema_arn": world.schema,
        },
        "dataset_group_arn",
    ),
    _creation(
        operators.PersonalizeCreateDatasetImportJobOperator,
        DATASET_IMPORT_JOB,
        lambda world: {
            "dataset_arn": world.dataset_of(world.group_of_its_own(), world.schema),
            "data_location": world.purchases,
            "role_arn": ROLE,
        },
        "dataset_arn",
    ),
    _creation(
        operators.PersonalizeCreateDatasetExportJobOperator,
        DATASET_EXPORT_JOB,
        lambda world: {"dataset_arn": world.dataset, "output_location": world.out(), "role_arn": ROLE},
        "dataset_arn",
    ),
    _creation(
        operators.PersonalizeCreateSolutionOperator,
        SOLUTION,
        lambda world: {
            "dataset_group_arn": world.group_with_data,
            "recipe_arn": RECIPE.format("aws-popularity-count"),
        },
        "dataset_group_arn",
    ),
    _creation(
        operators.PersonalizeCreateSolutionVersionOperator,
        SOLUTION_VERSION,
        lambda world: {"solution_arn": world.solution},
        "solution_arn",
    ),
    _creation(
        operators.PersonalizeCreateCampaignOperator,
        CAMPAIGN,
        lambda world: {"solution_version_arn": world.version, "min_provisioned_tps": 1},
    ),
    _creation(
        operators.PersonalizeCreateEventTrackerOperator,
        EVENT_TRACKER,
        lambda world: {"dataset_group_arn": world.group_of_its_own()},
        "dataset_group_arn",
    ),
    _creation(
        operators.PersonalizeCreateFilterOperator,
        FILTER,
        lambda world: {"dataset_group_arn": world.group_with_data, "filter_expression": FILTER_EXPRESSION},
        "dataset_group_arn",
    ),
    _creation(
        operators.PersonalizeCreateBatchInferenceJobOperator,
        BATCH_INFERENCE_JOB,
        lambda world: {
            "solution_version_arn": world.version,
            "input_location": world.users,
            "output_location": world.out(),
            "role_arn": ROLE,
        },
        "solution_version_arn",
    ),
    _creation(
        operators.PersonalizeCreateBatchSegmentJobOperator,
        BATCH_SEGMENT_JOB,
        lambda world: {
            "solution_version_arn": world.segments,
            "input_location": world.items,
            "output_location": world.out(),
            "role_arn": ROLE,
        },
        "solution_version_arn",
    ),
    _creation(
        operators.PersonalizeCreateMetricAttributionOperator,
        METRIC_ATTRIBUTION,
        lambda world: {
            "dataset_group_arn": world.group_with_events(),
            "metrics": [METRIC],
            "role_arn": ROLE,
        },
        "dataset_group_arn",
    ),
    _creation(
        operators.PersonalizeCreateDataDeletionJobOperator,
        DATA_DELETION_JOB,
        lambda world: {
            "dataset_group_arn": world.group_of_its_own(),
            "data_location": world.leavers,
            "role_arn": ROLE,
        },
        "dataset_group_arn",
        on_its_way=Telling("IN_PROGRESS"),
        failed="FAILED",
    ),
    _update(
        operators.PersonalizeUpdateCampaignOperator,
        CAMPAIGN,
        lambda world: {"arn": world.campaign(), "solution_version_arn": world.other_version},
        lambda described, given: described["solutionVersionArn"] == given["solution_version_arn"],
    ),
    _update(
        operators.PersonalizeUpdateDatasetOperator,
        DATASET,
        lambda world: {"arn": world.items_dataset(), "schema_arn": world.schema_of_its_own(WIDER_ITEMS)},
        lambda described, given: described["schemaArn"] == given["schema_arn"],
    ),
    _update(
        operators.PersonalizeUpdateSolutionOperator,
        SOLUTION,
        lambda world: {"arn": world.solution_of_its_own(), "perform_auto_training": True},
        lambda described, given: described["performAutoTraining"],
    ),
    Row(
        operators.PersonalizeUpdateMetricAttributionOperator,
        "UpdateMetricAttribution",
        _more_metrics,
        "DescribeMetricAttribution",
        looks_before=1,
    ),
    _deletion(operators.PersonalizeDeleteSchemaOperator, SCHEMA, World.schema_of_its_own),
    _deletion(operators.PersonalizeDeleteDatasetGroupOperator, DATASET_GROUP, World.group_of_its_own),
    _deletion(operators.PersonalizeDeleteDatasetOperator, DATASET, World.items_dataset),
    _deletion(operators.PersonalizeDeleteSolutionOperator, SOLUTION, World.solution_of_its_own),
    _deletion(operators.PersonalizeDeleteCampaignOperator, CAMPAIGN, World.campaign),
    _deletion(operators.PersonalizeDeleteEventTrackerOperator, EVENT_TRACKER, World.tracker),
    _deletion(operators.PersonalizeDeleteFilterOperator, FILTER, World.filter),
    _deletion(operators.PersonalizeDeleteMetricAttributionOperator, METRIC_ATTRIBUTION, World.attribution),
    Row(
        operators.PersonalizeStopSolutionVersionCreationOperator,
        "StopSolutionVersionCreation",
        _stop,
        "DescribeSolutionVersion",
        looks_before=1,
        on_its_way=Telling("CREATE STOPPING"),
        slow=True,
    ),
    Row(operators.PersonalizeGetSolutionMetricsOperator, "GetSolutionMetrics", _metrics),
    Row(operators.PersonalizePutEventsOperator, "events", _events),
)
