"""GetPersonalizedRanking: order, filters and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.engine.world import INVALID, World, names, refusal


def test_ranking_orders_what_it_was_given(world: World, ranking: str) -> None:
    given = ["i5", "unheard-of", "i4", "i5", "never-seen", "i0"]
    answer = world.runtime.get_personalized_ranking(campaignArn=ranking, userId="u2", inputList=given)
    ranked = answer["personalizedRanking"]
    assert names(ranked)[2:] == ["i5", "unheard-of", "never-seen"]
    assert set(names(ranked)[:2]) == {"i0", "i4"}
    assert [set(item) for item in ranked] == [{"itemId", "score"}] * 3 + [{"itemId"}] * 2
    assert sum(item.get("score", 0) for item in ranked) == pytest.approx(1, abs=1e-6)
    assert len(answer["recommendationId"]) == 40


def test_ranking_removes_what_the_filter_removes_and_returns_metadata(world: World, ranking: str) -> None:
    odd = world.filter('EXCLUDE ItemID WHERE Items.TASTE IN ("even")')
    ranked = world.runtime.get_personalized_ranking(
        campaignArn=ranking, userId="u2", inputList=["i4", "i5", "unheard-of", "i7"], filterArn=odd,
        metadataColumns={"ITEMS": ["PRICE"]},
    )["personalizedRanking"]  # fmt: skip
    assert set(names(ranked)) == {"i5", "i7", "unheard-of"}
    assert {item["itemId"]: item["metadata"] for item in ranked} == {"i5": {}, "i7": {"price": "7.5"}, "unheard-of": {}}


@pytest.mark.parametrize(
    "request_",
    [
        {"inputList": ["i1"] * 501},
        {"inputList": ["i1"] * 51, "metadataColumns": {"ITEMS": ["PRICE"]}},
        {"inputList": ["i1"], "userId": ""},
    ],
)
def test_bad_rankings_are_refused(world: World, ranking: str, request_: dict[str, Any]) -> None:
    request = {"campaignArn": ranking, "userId": "u1", **request_}
    assert refusal(lambda: world.runtime.get_personalized_ranking(**request)) == INVALID


def test_ranking_needs_a_campaign_that_ranks(world: World, personal: str) -> None:
    ask = world.runtime.get_personalized_ranking
    assert refusal(lambda: ask(campaignArn=personal, userId="u1", inputList=["i1"])) == INVALID
