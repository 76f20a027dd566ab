from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aisle.groups.resource import MANAGED, Live, Resource
from aisle.resources.plan import Plan, plan_group
from personalize_kinds import kinds

RECIPE = "arn:aws:personalize:::recipe/aws-sims"
GROUP = Resource(kinds.DATASET_GROUP, "shop", {})
SOLUTION = Resource(kinds.SOLUTION, "shop-similar", {"recipeArn": RECIPE})
CAMPAIGN = Resource(kinds.CAMPAIGN, "shop-home", {"solution": "shop-similar", "minProvisionedTPS": 1})
TRACKER = Resource(kinds.EVENT_TRACKER, "shop-events", {"name": "shop-events"})
FILTER = Resource(kinds.FILTER, "shop-f", {"filterExpression": "x"})
EVENTS = {"eventsConfig": {"eventParametersList": [{"eventType": "click", "weight": 1.0}]}}


def live(resource: Resource, **members: Any) -> Live:
    extra = {"version_arn": "version"} if resource.kind == kinds.SOLUTION else {}
    fields = {"tags": {}, "arn": f"arn/{resource.name}", "status": "ACTIVE", **extra, **members}
    return Live(resource.kind, resource.name, fields.pop("settings", resource.settings), **fields)


def column(name: str, *types: str) -> dict[str, Any]:
    return {"name": name, "type": [*types] if len(types) > 1 else types[0]}


def schema(name: str, *columns: dict[str, Any]) -> Resource:
    return Resource(kinds.SCHEMA, name, {"schema": {"type": "record", "fields": [*columns]}})


def action(plan: Plan, resource: Resource) -> str:
    return next(change.action for change in plan.changes if change.resource.key == resource.key)


@pytest.mark.parametrize(
    ("described", "there", "expected"),
    [
        (SOLUTION, live(SOLUTION), "unchanged"),
        (SOLUTION, live(SOLUTION, tags={MANAGED: "true", "else": "where"}), "unchanged"),
        (replace(SOLUTION, tags={"team": "a"}), live(SOLUTION, tags={"team": "b"}), "update"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": RECIPE, "performAutoTraining": True}), "update"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": RECIPE, "solutionConfig": EVENTS}), "update"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": RECIPE, "performHPO": True}), "replace"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": RECIPE, "solutionConfig": {"a": 1, **EVENTS}}), "replace"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": "another"}), "replace"),
        (SOLUTION, live(SOLUTION, settings={"recipeArn": RECIPE, "eventType": "click"}), "replace"),
        (FILTER, live(FILTER, settings={"filterExpression": "y"}), "replace"),
        (FILTER, live(FILTER, state="failed", status="CREATE FAILED"), "replace"),
        (FILTER, live(FILTER, state="busy", status="DELETE IN_PROGRESS"), "wait"),
        (TRACKER, live(replace(TRACKER, name="web", settings={"name": "web"}), tags={MANAGED: "true"}), "replace"),
        (TRACKER, live(replace(TRACKER, name="web", settings={"name": "web"})), "refuse"),
        (GROUP, live(GROUP, settings={"domain": "ECOMMERCE"}), "refuse"),
        (GROUP, live(GROUP, state="failed", status="CREATE FAILED"), "refuse"),
        (schema("s", column("A", "int")), live(schema("s", column("A", "long"))), "refuse"),
    ],
)
def test_each_difference_leads_to_the_mildest_change_that_removes_it(
    described: Resource, there: Live, expected: str
) -> None:
    plan = plan_group("shop", [described], [there])
    assert [change.action for change in plan.changes] == [expected]
    assert plan.is_settled == (expected == "unchanged")


def test_every_difference_is_shown_by_its_path_and_every_loss_is_reported() -> None:
    there = live(SOLUTION, settings={"recipeArn": "another", "solutionConfig": {"a": {"b": 1}}})
    lines = list(plan_group("shop", [SOLUTION], [there]).lines())
    assert lines == [
        "dataset group shop",
        "-/+ replace   solution shop-similar",
        f"        recipeArn: 'another' → '{RECIPE}'",
        "        solutionConfig.a.b: 1 → nothing",
        "        the service has no update for this; its trained versions are lost, and its campaigns go first: run "
        "`train`, then apply again",
        "    1 replace",
    ]


def test_a_campaign_waits_for_a_trained_version_and_goes_with_its_solution() -> None:
    untrained = plan_group("shop", [SOLUTION, CAMPAIGN], [live(SOLUTION, version_arn=None)])
    assert action(untrained, CAMPAIGN) == "wait"
    assert action(plan_group("shop", [SOLUTION, CAMPAIGN], [live(SOLUTION)]), CAMPAIGN) == "create"
    other = live(SOLUTION, settings={"recipeArn": "another"})
    assert action(plan_group("shop", [SOLUTION, CAMPAIGN], [other, live(CAMPAIGN)]), CAMPAIGN) == "replace"
    not_ours = plan_group("shop", [SOLUTION], [other, live(CAMPAIGN)])
    assert action(not_ours, SOLUTION) == "refuse"
    assert action(not_ours, CAMPAIGN) == "foreign"


def test_only_what_a_file_made_or_what_is_in_a_group_that_a_file_made_can_be_pruned() -> None:
    tagged = live(FILTER, tags={MANAGED: "true"})
    assert action(plan_group("shop", [GROUP], [live(GROUP), tagged]), FILTER) == "delete"
    assert action(plan_group("shop", [GROUP], [live(GROUP), live(FILTER)]), FILTER) == "foreign"
    ours = live(GROUP, tags={MANAGED: "true"})
    assert action(plan_group("shop", [GROUP], [ours, live(FILTER)]), FILTER) == "delete"


@pytest.mark.parametrize(
    ("dataset", "columns", "expected"),
    [
        ("ITEMS", (column("A", "int"), column("B", "string", "null")), "update"),
        ("ITEMS", (column("A", "null", "int"),), "update"),
        ("ITEMS", (column("A", "int"), column("B", "string")), "replace"),
        ("ITEMS", (column("A", "long"),), "replace"),
        ("ITEMS", (column("B", "string", "null"),), "replace"),
        ("INTERACTIONS", (column("A", "int"), column("B", "string", "null")), "replace"),
    ],
)
def test_a_schema_takes_anothers_place_only_if_all_that_is_there_fits(
    dataset: str, columns: tuple[dict[str, Any], ...], expected: str
) -> None:
    old, new = schema("old", column("A", "int")), schema("new", *columns)
    there = live(Resource(kinds.DATASET, dataset, {"schema": "old"}))
    described = Resource(kinds.DATASET, dataset, {"schema": "new"})
    assert action(plan_group("shop", [new, described], [live(old), there]), described) == expected


def test_a_recipe_that_the_service_does_not_know_is_refused() -> None:
    assert action(plan_group("shop", [SOLUTION], [], {RECIPE}), SOLUTION) == "create"
    assert action(plan_group("shop", [SOLUTION], [], {"arn:else"}), SOLUTION) == "refuse"
