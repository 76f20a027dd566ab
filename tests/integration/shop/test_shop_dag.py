"""The workflow of the shop page as a DAG: started by hand, it stores the answer where the API shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from aisle.warehouse import connect
from services.migrations import upgrade
from tests.serving_shop import Shop
from tests.waiting import wait_for

FIVE = ["a", "b", "c", "d", "e"]
DONE = {"accept_request": "success", "recommend": "success", "store_answer": "success"}

pytestmark = pytest.mark.usefixtures("aws_connection")


@pytest.fixture
def shop(warehouse_url: str) -> Iterator[Shop]:
    """A warehouse with lists and marts, and the API over it."""
    upgrade(warehouse_url)
    with ExitStack() as opened:
        shop = Shop(warehouse_url, opened)
        for place, product_id in enumerate([*FIVE, "x", "y"]):
            shop.product(product_id, 20 - place, product_name=f"Product {product_id}")
            shop.ordered(product_id, 20 - place)
        shop.region("Lahore", "u1", y=9)
        shop.list_of("items", "a", ("x", 0.9), ("b", 0.5))
        shop.publish()
        yield shop


def requests(shop: Shop) -> list[Any]:
    with connect(shop.url) as connection:
        return connection.execute("select user_id, mode, answer from serving.shop_requests").fetchall()


def test_s3_22_a_run_accepts_recommends_and_stores_what_the_api_then_shows(run_dag: Any, shop: Shop) -> None:
    assert run_dag("shop", "by-hand", mode="products", product_ids=FIVE) == DONE
    ((user_id, mode, _),) = requests(shop)
    body = shop.api().get(f"/shop/requests/{user_id}").json()
    assert (mode, body["source"], body["generation"]) == ("products", "similar_items", "g2")
    assert [item["item_id"] for item in body["items"]] == ["x", "y"]


def test_the_dag_and_the_page_give_one_selection_one_answer(run_dag: Any, shop: Shop) -> None:
    question = {"mode": "both", "product_ids": FIVE}
    run_dag("shop", "both", **question, city="Lahore")
    client = shop.api()
    url = client.post("/shop/requests", json=question | {"metadata": {"city": "Lahore"}}).json()["url"]
    wait_for(lambda: client.get(url).status_code == 200, "the answer of the page's request")
    first, second = (answer for _, _, answer in requests(shop))
    assert first == second
    assert first["place"] == "Lahore"


@pytest.mark.parametrize(
    "given",
    [
        {"mode": "products", "product_ids": FIVE[:4]},
        {"mode": "metadata", "product_ids": FIVE},
        {"mode": "products", "product_ids": FIVE, "city": "Lahore"},
    ],
)
def test_s3_14_a_selection_that_cannot_be_used_fails_before_anything_is_kept(
    run_dag: Any, shop: Shop, given: dict[str, Any]
) -> None:
    assert run_dag("shop", "refused", **given)["accept_request"] == "failed"
    assert requests(shop) == []


def test_s3_9_a_part_of_the_recommenders_parameters_is_refused(run_dag: Any, shop: Shop) -> None:
    states = run_dag("shop", "half", mode="metadata", campaign_arn="arn:aws:personalize:us-east-1:1:campaign/c")
    assert states["recommend"] == "failed"
    assert [answer for _, _, answer in requests(shop)] == [None]
