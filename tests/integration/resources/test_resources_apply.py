from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aisle.errors import FinalError, PersonalizeJobFailed
from aisle.groups.environment import Environment
from aisle.resources.apply import apply, plans
from aisle.resources.live import Service
from personalize_kinds import kinds

Describe = Callable[[str], Environment]
Train = Callable[[str, str], str]

PLAIN = """
groups:
  - name: shop
    datasets: {interactions: {}, items: {schema: SCHEMA}}
    solutions:
      similar: {recipe: aws-sims}
"""
FIELDS = "{name: ITEM_ID, type: string}, {name: CATEGORY, type: [string, 'null'], categorical: true}"
ITEMS = f"{{type: record, name: Items, version: '1.0', fields: [{FIELDS}]}}"
WIDER = f"{{type: record, name: Items, version: '1.0', fields: [{FIELDS}, {{name: BRAND, type: [string, 'null']}}]}}"
STRICTER = f"{{type: record, name: Items, version: '1.0', fields: [{FIELDS}, {{name: BRAND, type: string}}]}}"


@pytest.fixture
def shop(described: Describe, shop_text: str) -> Environment:
    return described(shop_text)


def actions(service: Service, environment: Environment) -> dict[str, str]:
    """What the plan of the first group would do, by the title of each resource; what is unchanged left out."""
    changes = plans(service, environment)[0].changes
    return {change.resource.title: change.action for change in changes if change.action != "unchanged"}


def reason(service: Service, environment: Environment, title: str) -> str:
    return next(change.reason for change in plans(service, environment)[0].changes if change.resource.title == title)


def tags(personalize: Any, arn: str) -> dict[str, str]:
    return {tag["tagKey"]: tag["tagValue"] for tag in personalize.list_tags_for_resource(resourceArn=arn)["tags"]}


def test_apply_makes_all_that_the_file_describes_and_then_has_nothing_to_do(
    service: Service, personalize: Any, shop: Environment, train: Train
) -> None:
    apply(service, shop)
    assert actions(service, shop) == {"campaign shop-home": "wait"}
    version = train("shop", "shop-for-you")
    assert actions(service, shop) == {"campaign shop-home": "create"}
    apply(service, shop)
    assert plans(service, shop)[0].is_settled

    campaign = personalize.list_campaigns()["campaigns"][0]["campaignArn"]
    assert personalize.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == version
    assert tags(personalize, campaign) == {"team": "shop", "aisle:managed": "true"}
    solutions = {solution["name"]: solution["solutionArn"] for solution in personalize.list_solutions()["solutions"]}
    assert tags(personalize, solutions["shop-similar"])["team"] == "search"
    for arn in solutions.values():
        assert personalize.describe_solution(solutionArn=arn)["solution"]["performAutoTraining"] is False


def test_what_the_service_can_update_is_updated_in_place(
    service: Service, personalize: Any, described: Describe, shop_text: str, train: Train
) -> None:
    before = described(shop_text)
    apply(service, before)
    train("shop", "shop-for-you")
    apply(service, before)
    changed = (
        shop_text.replace("min_provisioned_tps: 2", "min_provisioned_tps: 3, follow_newest: true")
        .replace("weight: 1.0", "weight: 0.5")
        .replace("recipe: aws-sims,", "recipe: aws-sims, auto_training_days: 9,")
        .replace("SUM(Items.PRICE)", "SUM(Interactions.EVENT_VALUE)")
        .replace("team: search", "team: finders")
    )
    after = described(changed)
    assert set(actions(service, after).values()) == {"update"}
    apply(service, after)
    assert plans(service, after)[0].is_settled
    similar = next(
        solution for solution in personalize.list_solutions()["solutions"] if solution["name"] == "shop-similar"
    )
    solution = personalize.describe_solution(solutionArn=similar["solutionArn"])["solution"]
    assert solution["performAutoTraining"] is True
    assert solution["solutionConfig"]["autoTrainingConfig"] == {"schedulingExpression": "rate(9 days)"}
    assert solution["creationDateTime"] == similar["creationDateTime"]
    apply(service, before)
    assert plans(service, before)[0].is_settled


def test_a_campaign_keeps_the_version_that_promotion_gave_it(
    service: Service, personalize: Any, described: Describe, shop_text: str, train: Train
) -> None:
    environment = described(shop_text)
    apply(service, environment)
    first = train("shop", "shop-for-you")
    apply(service, environment)
    train("shop", "shop-for-you")
    assert plans(service, environment)[0].is_settled
    apply(service, described(shop_text.replace("min_provisioned_tps: 2", "min_provisioned_tps: 1")))
    campaign = personalize.list_campaigns()["campaigns"][0]["campaignArn"]
    assert personalize.describe_campaign(campaignArn=campaign)["campaign"]["solutionVersionArn"] == first


def test_more_columns_are_an_update_and_the_old_schema_is_pruned(
    service: Service, personalize: Any, described: Describe
) -> None:
    apply(service, described(PLAIN.replace("SCHEMA", ITEMS)))
    dataset = personalize.list_datasets()["datasets"][0]
    wider = described(PLAIN.replace("SCHEMA", WIDER))
    assert sorted(actions(service, wider).values()) == ["create", "delete", "update"]
    apply(service, wider)
    assert [*actions(service, wider).values()] == ["delete"]
    apply(service, wider, prune=True)
    assert plans(service, wider)[0].is_settled
    assert len(personalize.list_schemas()["schemas"]) == 2
    assert dataset["creationDateTime"] in [
        summary["creationDateTime"] for summary in personalize.list_datasets()["datasets"]
    ]


def test_a_schema_that_does_not_fit_what_is_there_means_a_new_dataset_and_is_not_done_without_leave(
    service: Service, personalize: Any, described: Describe
) -> None:
    apply(service, described(PLAIN.replace("SCHEMA", ITEMS)))
    stricter = described(PLAIN.replace("SCHEMA", STRICTER))
    assert actions(service, stricter)["dataset ITEMS"] == "replace"
    explained = reason(service, stricter, "dataset ITEMS")
    assert "BRAND must allow null" in explained
    assert "everything imported into it is lost" in explained
    with pytest.raises(FinalError, match=r"dataset ITEMS .*`prune`"):
        apply(service, stricter)
    assert len(personalize.list_schemas()["schemas"]) == 2
    apply(service, stricter, prune=True)
    assert plans(service, stricter)[0].is_settled


def test_another_recipe_means_a_new_solution_and_its_campaigns_go_first(
    service: Service, personalize: Any, described: Describe, shop_text: str, train: Train
) -> None:
    environment = described(shop_text)
    apply(service, environment)
    train("shop", "shop-for-you")
    apply(service, environment)
    changed = described(shop_text.replace("aws-user-personalization-v2", "aws-personalized-ranking-v2"))
    planned = actions(service, changed)
    assert planned == {"solution shop-for-you": "replace", "campaign shop-home": "replace"}
    assert "trained versions are lost" in reason(service, changed, "solution shop-for-you")
    apply(service, changed, prune=True)
    assert not personalize.list_campaigns()["campaigns"]
    assert actions(service, changed) == {"campaign shop-home": "wait"}


def test_nothing_is_deleted_without_prune_nor_what_was_not_made_from_a_file(
    service: Service, personalize: Any, described: Describe, shop_text: str
) -> None:
    group = personalize.create_dataset_group(name="shop")["datasetGroupArn"]
    service.ready(kinds.DATASET_GROUP, group)
    apply(service, described(shop_text))
    personalize.create_filter(
        name="somebody-elses", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.CATEGORY IN ("tea")'
    )
    line = next(line for line in shop_text.splitlines(keepends=True) if "of-category" in line)
    fewer = described(shop_text.replace(line, ""))
    planned = actions(service, fewer)
    assert planned["filter shop-of-category"] == "delete"
    assert planned["filter somebody-elses"] == "foreign"
    apply(service, fewer)
    assert len(personalize.list_filters()["Filters"]) == 3
    apply(service, fewer, prune=True)
    names = {summary["name"] for summary in personalize.list_filters()["Filters"]}
    assert names == {"shop-not-bought", "somebody-elses"}


def test_what_failed_to_come_into_being_is_named_and_made_anew(
    service: Service, personalize: Any, described: Describe, shop_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = personalize.describe_filter

    def failed(**request: Any) -> Any:
        answer = describe(**request)
        answer["filter"] |= {"status": "CREATE FAILED", "failureReason": "too many tests"}
        return answer

    environment = described(shop_text)
    monkeypatch.setattr(personalize, "describe_filter", failed)
    with pytest.raises(PersonalizeJobFailed, match="too many tests"):
        apply(service, environment)
    assert actions(service, environment)["filter shop-not-bought"] == "replace"
    assert "CREATE FAILED: too many tests" in reason(service, environment, "filter shop-not-bought")


def test_an_unknown_recipe_is_refused_before_anything_is_touched(
    service: Service, personalize: Any, described: Describe
) -> None:
    environment = described(PLAIN.replace("SCHEMA", ITEMS).replace("aws-sims", "aws-simms"))
    assert actions(service, environment)["solution shop-similar"] == "refuse"
    with pytest.raises(FinalError, match="solution shop-similar"):
        apply(service, environment)
    assert not personalize.list_dataset_groups()["datasetGroups"]


def test_a_refusal_of_the_service_is_reported_with_what_was_tried(
    service: Service, personalize: Any, described: Describe, shop_text: str
) -> None:
    environment = described(shop_text.replace("Items.CATEGORY", "Items.COLOUR"))
    with pytest.raises(FinalError, match=r"filter shop-of-category.*COLOUR"):
        apply(service, environment)


def test_several_groups_of_one_file_are_all_applied(service: Service, personalize: Any, described: Describe) -> None:
    group = "{name: NAME, where: {users: {location: ['Lahore, Punjab']}}, datasets: {interactions: {}}}"
    both = described("groups:\n" + "".join(f"  - {group.replace('NAME', name)}\n" for name in ("north", "south")))
    apply(service, both)
    assert {group["name"] for group in personalize.list_dataset_groups()["datasetGroups"]} == {"north", "south"}
    assert [plan.is_settled for plan in plans(service, both)] == [True, True]
