"""How a selection becomes a list: by what is similar to the products, by what is popular, or by half of each."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aisle.contracts.recommendations import ScoredProduct
from aisle.shop import Evidence, Metadata, Mode, Selection, SelectionRefused, ShopAnswer, answer

FIVE = ("a", "b", "c", "d", "e")


def scored(**scores: float) -> list[ScoredProduct]:
    return [ScoredProduct(product_id, score) for product_id, score in scores.items()]


def answered(mode: Mode, evidence: Evidence) -> ShopAnswer:
    return answer(Selection.of(mode, [] if mode == "metadata" else FIVE, Metadata()), evidence)


def ids(answer: ShopAnswer) -> list[str]:
    return [product.product_id for product in answer.products]


EVIDENCE = Evidence(
    similar={"a": scored(x=0.8, y=0.4, b=0.9), "b": scored(y=2.0, x=1.0)},
    popular=scored(z=100, y=60, a=50, w=10),
    place="Lahore",
    generation="g1",
)


def test_s3_24_a_selected_product_is_never_recommended_back() -> None:
    for mode in ("products", "both"):
        assert set(ids(answered(mode, EVIDENCE))) == {"x", "y", "z", "w"}
    assert "a" in ids(answered("metadata", EVIDENCE))


def test_products_are_ranked_by_their_mean_similarity_and_filled_with_what_is_popular() -> None:
    made = answered("products", EVIDENCE)
    assert ids(made) == ["y", "x", "z", "w"]
    assert [round(product.score, 3) for product in made.products] == [0.289, 0.278, 0.0, 0.0]
    assert made.products[0].goes_with == ("a", "b")
    assert (made.source, made.generation) == ("similar_items", "g1")


def test_both_weighs_similarity_and_popularity_by_half() -> None:
    made = answered("both", EVIDENCE)
    assert {product.product_id: round(product.score, 3) for product in made.products} == {
        "z": 0.5, "y": 0.444, "x": 0.139, "w": 0.05,
    }  # fmt: skip
    assert made.source == "similar_items_and_popular"


@pytest.mark.parametrize(
    ("evidence", "source"),
    [
        (EVIDENCE, "popular_in_region"),
        (Evidence(similar={}, popular=scored(z=1)), "popular"),
        (Evidence(similar={}, popular=[]), "popular"),
    ],
)
def test_metadata_alone_are_answered_by_what_is_popular(evidence: Evidence, source: str) -> None:
    made = answered("metadata", evidence)
    assert (made.source, made.generation) == (source, None)


def test_products_without_similar_items_are_answered_by_what_is_popular_and_say_so() -> None:
    made = answered("products", Evidence(similar={}, popular=scored(z=3, a=2), generation=None))
    assert (ids(made), made.source) == (["z"], "popular")


@given(
    st.dictionaries(
        st.sampled_from(FIVE),
        st.lists(st.builds(ScoredProduct, st.sampled_from("abxyz"), st.floats(-1e6, 1e6)), max_size=8),
    ),
    st.lists(st.builds(ScoredProduct, st.sampled_from("avwxyz"), st.floats(0, 1e6)), max_size=8),
    st.sampled_from(["products", "both", "metadata"]),
)
def test_whatever_the_lists_scores_are_from_0_to_1_and_products_come_once(
    similar: dict[str, list[ScoredProduct]], popular: list[ScoredProduct], mode: Mode
) -> None:
    made = answered(mode, Evidence(similar=similar, popular=popular))
    assert all(0 <= product.score <= 1 for product in made.products)
    assert len(set(ids(made))) == len(made.products) <= 10
    assert mode == "metadata" or not set(ids(made)) & set(FIVE)


def test_s3_18_the_order_of_the_selection_does_not_count() -> None:
    selections = [
        Selection.of("products", order, Metadata()) for order in (FIVE, FIVE[::-1], ("c", "a", "e", "b", "d"))
    ]
    assert len({answer(selection, EVIDENCE) for selection in selections}) == 1


@pytest.mark.parametrize(
    ("mode", "product_ids", "metadata"),
    [
        ("products", FIVE[:4], {}),
        ("products", (*FIVE, "f"), {}),
        ("products", (*FIVE[:4], "a"), {}),
        ("products", (*FIVE, "a"), {}),
        ("products", (), {}),
        ("both", FIVE[:4], {"age": 30}),
        ("both", (), {"age": 30}),
        ("metadata", FIVE, {"age": 30}),
        ("products", FIVE, {"age": 30}),
    ],
)
def test_s3_14_a_selection_is_exactly_five_products_where_its_mode_takes_any(
    mode: Mode, product_ids: tuple[str, ...], metadata: dict[str, Any]
) -> None:
    with pytest.raises(SelectionRefused, match=mode):
        Selection.of(mode, product_ids, Metadata(**metadata))


@pytest.mark.parametrize(
    ("given_facts", "location"),
    [
        ({"city": "Lahore", "province": "Punjab"}, "Lahore, Punjab"),
        ({"city": "Lahore"}, "Lahore"),
        ({"province": "Punjab"}, "Punjab"),
        ({}, None),
    ],
)
def test_a_location_is_written_as_the_dataset_of_users_writes_it(
    given_facts: dict[str, str], location: str | None
) -> None:
    assert Metadata(**given_facts).location == location
