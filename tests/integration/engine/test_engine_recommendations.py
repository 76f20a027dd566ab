"""GetRecommendations: lists, filters, promotions, metadata, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.engine.world import INVALID, ITEMS, MISSING, N_ITEMS, START, World, names, refusal, tastes


def test_list_is_personal_scored_and_falling(world: World, personal: str) -> None:
    items = world.ask(personal, userId="u2", numResults=10)
    assert tastes(items) == ["even"] * 10
    scores = [item["score"] for item in items]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score < 1 and round(score, 7) == score for score in scores)
    assert [set(item) for item in items] == [{"itemId", "score"}] * 10
    assert len(world.ask(personal, userId="u2")) == 25
    assert world.ask(personal, userId="u2", numResults=0) == []
    everything = world.ask(personal, userId="u2", numResults=500)
    assert len(everything) >= N_ITEMS - 1
    assert sum(item["score"] for item in everything) == pytest.approx(1, abs=1e-4)


def test_strangers_get_one_popular_list(world: World, personal: str) -> None:
    first, second = (world.ask(personal, userId=f"stranger-{n}") for n in range(2))
    assert first == second
    assert {"i0", "i1", "i2", "i3"} <= set(names(first)[:8])
    assert names(first) != names(world.ask(personal, userId="u1"))


def test_related_items_have_no_score_and_leave_out_the_one_asked_about(world: World, similar: str) -> None:
    items = world.ask(similar, itemId="i2", numResults=10)
    assert tastes(items) == ["even"] * 10
    assert "i2" not in names(items)
    assert [set(item) for item in items] == [{"itemId"}] * 10
    assert {"i0", "i1"} <= set(names(world.ask(similar, itemId="unheard-of", numResults=5)))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ({"userId": "u1"}, INVALID),
        ({"userId": "u1", "campaignArn": "$personal", "recommenderArn": "$recommender"}, INVALID),
        ({"userId": "u1", "recommenderArn": "$recommender"}, INVALID),
        ({"campaignArn": "$personal"}, INVALID),
        ({"campaignArn": "$personal", "itemId": "i1"}, INVALID),
        ({"campaignArn": "$similar", "userId": "u1"}, INVALID),
        ({"campaignArn": "$ranking", "userId": "u1"}, INVALID),
        ({"campaignArn": "$personal", "userId": "u1", "numResults": 501}, INVALID),
        (
            {"campaignArn": "$personal", "userId": "u1", "numResults": 51, "metadataColumns": {"ITEMS": ["TASTE"]}},
            INVALID,
        ),
        ({"campaignArn": "$personal", "userId": "u1", "metadataColumns": {"ITEMS": ["NOPE"]}}, INVALID),
        ({"campaignArn": "$personal", "userId": "u1", "metadataColumns": {"USERS": ["TIER"]}}, INVALID),
        ({"campaignArn": "$personal", "userId": "u1", "metadataColumns": {"ITEMS": ["PRICE"] * 11}}, INVALID),
        ({"campaignArn": "$similar", "itemId": "i1", "metadataColumns": {"ITEMS": ["PRICE"]}}, INVALID),
        ({"campaignArn": "$personal", "userId": "u1", "promotions": [{"name": "none"}]}, INVALID),
        ({"campaignArn": "$personal-2", "userId": "u1"}, MISSING),
        ({"campaignArn": "$personal", "userId": "u1", "filterArn": "$filter"}, MISSING),
        ({"campaignArn": "not-an-arn", "userId": "u1"}, INVALID),
    ],
)
def test_bad_requests_are_refused(
    world: World, personal: str, similar: str, ranking: str, request_: dict[str, Any], answer: tuple[str, int]
) -> None:
    prefix = world.group.partition("dataset-group/")[0]
    names = {
        "$personal": personal,
        "$personal-2": f"{personal}-2",
        "$similar": similar,
        "$ranking": ranking,
        "$recommender": f"{prefix}recommender/r",
        "$filter": f"{prefix}filter/none",
    }
    request = {name: names.get(value, value) if isinstance(value, str) else value for name, value in request_.items()}
    assert refusal(lambda: world.runtime.get_recommendations(**request)) == answer


def test_actions_are_refused_after_the_checks(world: World, personal: str) -> None:
    ask = world.runtime.get_action_recommendations
    assert refusal(lambda: ask(campaignArn=personal, userId="u1")) == INVALID
    assert refusal(lambda: ask(campaignArn=f"{personal}-2", userId="u1")) == MISSING
    assert refusal(lambda: ask(campaignArn=personal)) == INVALID


def test_filters_narrow_by_attributes_values_and_events(world: World, personal: str, similar: str) -> None:
    cheap = world.filter("INCLUDE ItemID WHERE Items.TASTE IN ($TASTE) AND Items.PRICE < 10")
    items = world.ask(personal, userId="u2", filterArn=cheap, filterValues={"TASTE": '"odd"'})
    assert set(names(items)) == {"i1", "i3", "i7", "i9"}  # i5 has no taste
    assert refusal(lambda: world.ask(personal, userId="u2", filterArn=cheap)) == INVALID

    seen = world.filter('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("CLICK")')
    assert set(tastes(world.ask(personal, userId="u3", filterArn=seen, numResults=500))) == {"odd"}
    assert world.ask(personal, userId="unheard-of", filterArn=seen) == []

    dearer = world.filter("INCLUDE ItemID WHERE Items.PRICE > CurrentItem.PRICE")
    assert all(int(name[1:]) > 30 for name in names(world.ask(similar, itemId="i30", filterArn=dearer)))
    assert refusal(lambda: world.ask(personal, userId="u1", filterArn=dearer)) == INVALID


def test_filter_of_another_group_is_refused(world: World, personal: str, shop: Any) -> None:
    group = shop.group()
    shop.dataset(group, ITEMS)
    arn = shop.client.create_filter(
        name=shop.name, datasetGroupArn=group, filterExpression="INCLUDE ItemID WHERE Items.PRICE > 3"
    )["filterArn"]
    shop.settled(shop.client.describe_filter, filterArn=arn)
    assert refusal(lambda: world.ask(personal, userId="u1", filterArn=arn)) == INVALID


def test_promoted_items_take_their_part_and_the_filter_rules_the_rest(world: World, personal: str, second: str) -> None:
    odd = world.filter('INCLUDE ItemID WHERE Items.TASTE IN ("odd")')
    even = world.filter('INCLUDE ItemID WHERE Items.TASTE IN ("even")')
    dearest = world.filter("INCLUDE ItemID WHERE Items.PRICE > 39")
    summer = {"name": "summer", "percentPromotedItems": 29, "filterArn": odd}
    items = world.ask(personal, userId="u2", numResults=10, filterArn=even, promotions=[summer])
    promoted = [item for item in items if "promotionName" in item]
    assert tastes(promoted) == ["odd", "odd"]  # 29 % of 10, rounded down
    assert {item["promotionName"] for item in promoted} == {"summer"}
    rest = [item for item in items if item not in promoted]
    assert tastes(rest) == ["even"] * 8
    assert [item["score"] for item in rest] == sorted((item["score"] for item in rest), reverse=True)

    anything = {"percentPromotedItems": 50}
    assert len(set(names(world.ask(personal, userId="u2", numResults=10, promotions=[anything])))) == 10

    promotion = {"percentPromotedItems": 50, "filterArn": dearest}
    items = world.ask(second, userId="u2", numResults=10, promotions=[promotion])
    assert len(items) == 10  # one promoted item there is, and nine others fill the list
    assert [item["itemId"] for item in items if item.get("reason") == ["Promoted item"]] == ["i39"]


def test_metadata_comes_as_text_under_camel_case_names(world: World, personal: str, second: str) -> None:
    columns = {"ITEMS": ["TASTE", "PRICE", "CREATION_TIMESTAMP"]}
    items = world.ask(personal, userId="u1", numResults=50, metadataColumns=columns)
    metadata = {item["itemId"]: item["metadata"] for item in items}
    assert metadata["i3"] == {"taste": "odd|shop", "price": "3.5", "creationTimestamp": str(START - 31_536_000)}
    assert set(metadata["i5"]) == {"creationTimestamp"}
    assert "metadata" in world.ask(second, userId="u1", numResults=1, metadataColumns=columns)[0]
