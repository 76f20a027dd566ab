"""Products are alike by what they are, whoever buys them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.serving.feed.content import Catalogue, Product

MUG = Product("mug", "Red Enamel Mug", "kitchen", 5.0)
CUP = Product("cup", "Blue Enamel Cup", "kitchen", 5.2)
PAN = Product("pan", "Iron Pan", "kitchen", 60.0)
POSTER = Product("poster", "Red Enamel Poster", "art", 5.1)
LAMP = Product("lamp", "Lamp", "light", 900.0)
NAMELESS = Product("nameless", None, None, None)


def ids(catalogue: Catalogue, liked: dict[str, float], **more: object) -> list[str]:
    return [product.product_id for product in catalogue.like(liked, 10, **more)]  # type: ignore[arg-type]


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue([CUP, LAMP, MUG, NAMELESS, PAN, POSTER])


def test_the_more_two_products_share_the_more_they_are_alike(catalogue: Catalogue) -> None:
    assert ids(catalogue, {"mug": 1.0}) == ["cup", "pan", "poster"]
    assert ids(catalogue, {"lamp": 1.0}) == []
    assert ids(catalogue, {"poster": 1.0})[0] == "mug"


def test_what_counts_more_has_more_to_say() -> None:
    catalogue = Catalogue([CUP, PAN, POSTER, Product("print", "Blue Print", "art", 700.0)])
    assert ids(catalogue, {"pan": 3.0, "poster": 0.1})[0] == "cup"
    assert ids(catalogue, {"pan": 0.1, "poster": 3.0})[0] == "print"


def test_scores_lie_between_0_and_1_and_are_1_for_the_same_again() -> None:
    twins = [replace(MUG, product_id=f"mug{number}") for number in range(3)]
    (second, third) = Catalogue(twins).like({"mug0": 2.0}, 10)
    assert [round(twin.score, 9) for twin in (second, third)] == [1.0, 1.0]
    assert all(0 < product.score <= 1 for product in Catalogue([MUG, CUP, PAN, POSTER]).like({"mug": 1}, 10))


def test_own_and_left_out_products_do_not_come_back(catalogue: Catalogue) -> None:
    assert ids(catalogue, {"mug": 1.0, "cup": 1.0}, without=["poster"]) == ["pan"]
    assert len(catalogue.like({"mug": 1.0}, 2)) == 2


@pytest.mark.parametrize("products", [[], [NAMELESS], [LAMP]])
def test_of_nothing_known_there_is_nothing_alike(products: list[Product]) -> None:
    assert Catalogue(products).like({"nameless": 1.0, "unknown": 1.0}, 10) == []


def test_prices_of_any_kind_can_be_compared() -> None:
    odd = [replace(MUG, product_id=str(price), price=price) for price in (0.0, -1.0, 1e-9, 9e9)]
    assert len(Catalogue([MUG, *odd]).like({"mug": 1.0}, 10)) == 4
