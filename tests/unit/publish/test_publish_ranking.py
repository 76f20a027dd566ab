from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.batch.ranking import RankedList, Rejected, read_record, score_kind, score_of_place
from aisle.contracts.recommendations import ScoredProduct


def line(output: object, key: str = "k", name: str = "userId", **more: object) -> bytes:
    return json.dumps({"input": {name: key}, "output": output, **more}).encode()


@pytest.mark.parametrize(
    ("endpoint", "kind"),
    [
        (None, "personalize"),
        ("https://personalize.eu-west-1.amazonaws.com", "personalize"),
        ("https://vpce-1.personalize.us-east-1.vpce.amazonaws.com", "personalize"),
        ("https://personalize.us-east-1.api.aws", "personalize"),
        ("http://127.0.0.1:8010", "engine"),
        ("https://personalize.example.com/.amazonaws.com", "engine"),
    ],
)
def test_scores_are_the_engines_where_an_engine_stands_in_for_the_service(endpoint: str | None, kind: str) -> None:
    assert score_kind(endpoint) == kind


@pytest.mark.parametrize("scores", [None, [], [0.5], [0.1, 0.2, 0.3]])
def test_a_list_without_a_score_for_every_product_is_scored_by_place(scores: list[float] | None) -> None:
    ranked = read_record(line({"recommendedItems": ["a", "b"], "scores": scores}), "users")
    assert ranked == RankedList("k", [ScoredProduct("a", 1.0), ScoredProduct("b", 0.5)], is_scored=False)


def test_equal_scores_keep_the_order_they_came_in() -> None:
    ranked = read_record(line({"recommendedItems": ["b", "a", "c"], "scores": [0.5, 0.5, 0.9]}), "users")
    assert isinstance(ranked, RankedList)
    assert [product.product_id for product in ranked.products] == ["c", "b", "a"]


def test_an_error_wins_over_a_list_that_came_with_it() -> None:
    ranked = read_record(line({"recommendedItems": ["a"]}, error="User error: no such user"), "users")
    assert ranked == Rejected("error", "User error: no such user")


def test_a_record_about_an_item_is_no_record_about_a_user() -> None:
    ranked = read_record(line({"recommendedItems": ["a"]}, name="itemId"), "users")
    assert isinstance(ranked, Rejected)
    assert ranked.reason == "unusable_id"


@given(st.integers(1, 500))
def test_scores_of_places_fall_from_1_and_stay_above_0(length: int) -> None:
    scores = [score_of_place(place, length) for place in range(length)]
    assert scores[0] == 1
    assert scores[-1] > 0
    assert all(earlier > later for earlier, later in pairwise(scores))


@given(st.binary(max_size=80))
def test_no_record_whatsoever_raises(text: bytes) -> None:
    assert isinstance(read_record(text, "users"), Rejected)


@given(
    st.lists(st.tuples(st.text(max_size=5), st.floats(-1, 1)), min_size=1, max_size=30), st.text(min_size=1, max_size=5)
)
def test_lists_come_out_best_first_and_without_the_asked_item(pairs: list[tuple[str, float]], asked: str) -> None:
    output = {"recommendedItems": [item for item, _ in pairs], "scores": [score for _, score in pairs]}
    ranked = read_record(line(output, key=asked, name="itemId"), "items")
    if isinstance(ranked, RankedList):
        scores = [product.score for product in ranked.products]
        assert scores == sorted(scores, reverse=True)
        assert asked not in [product.product_id for product in ranked.products]
    elif "\0" not in asked:
        assert {item for item, _ in pairs} == {asked}
