"""The shop page answered by a campaign: the real calls, taken by the engine in Amazon Personalize's place."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from aisle.contracts.personalize import USERS
from services.migrations import upgrade
from tests.integration.events.model import Model
from tests.serving_metrics import counted
from tests.serving_recommender import recommender
from tests.serving_shop import Shop
from tests.waiting import settled, wait_for

#: Products 0 to 19 are bought by one half of the customers, the others by the other half.
N_PRODUCTS, N_CUSTOMERS, N_PURCHASES = 40, 120, 12


@dataclass(frozen=True)
class Trained:
    """A model of the engine, and the settings by which the shop page asks it."""

    model: Model
    settings: dict[str, str]


def rows() -> list[str]:
    random, rows = Random(7), []
    for customer in range(N_CUSTOMERS):
        first = 20 * (customer % 2)
        for nth, product in enumerate(random.sample(range(first, first + 20), N_PURCHASES)):
            rows.append(f"u{customer},P{product:02},purchase,,{1_790_000_000 + 3600 * nth + customer}")
    return rows


@pytest.fixture
def trained(personalize: Any, s3: Any, bucket: str, engine_url: str) -> Trained:
    model = Model(personalize, s3, bucket, engine_url)
    model.import_rows(*rows())
    schema = personalize.create_schema(name="users", schema=USERS.avro_schema)["schemaArn"]
    users = personalize.create_dataset(
        name="users", schemaArn=schema, datasetGroupArn=model.group, datasetType="Users"
    )["datasetArn"]  # fmt: skip
    settled(lambda: personalize.describe_dataset(datasetArn=users)["dataset"])
    tracker = personalize.create_event_tracker(name="events", datasetGroupArn=model.group)
    settled(lambda: personalize.describe_event_tracker(eventTrackerArn=tracker["eventTrackerArn"])["eventTracker"])
    version = model.train("users", "aws-user-personalization")["solutionVersionArn"]
    exploring_nothing = {"itemExplorationConfig": {"explorationWeight": "0"}}
    campaign = personalize.create_campaign(
        name="for-you", solutionVersionArn=version, campaignConfig=exploring_nothing
    )["campaignArn"]  # fmt: skip
    settled(lambda: personalize.describe_campaign(campaignArn=campaign)["campaign"])
    settings = {
        "real_time": True,
        "campaigns": f"shop={campaign}",
        "personalize_endpoint_url": engine_url,
        "shop_campaign_arn": campaign,
        "shop_tracking_id": tracker["trackingId"],
        "shop_users_dataset_arn": users,
    }
    return Trained(model, settings)


def stocked(shop: Shop) -> Shop:
    upgrade(shop.url)
    for product in range(N_PRODUCTS):
        shop.product(f"P{product:02}", N_PRODUCTS - product, product_name=f"Product {product}")
        shop.ordered(f"P{product:02}", N_PRODUCTS - product)
    shop.publish()
    return shop


def answered(client: Any, question: dict[str, Any]) -> dict[str, Any]:
    url = client.post("/shop/requests", json=question).json()["url"]
    body: dict[str, Any] = wait_for(
        lambda: got.json() if (got := client.get(url)).status_code != 202 else None, f"an answer at {url}"
    )
    return body


def test_s3_20_a_selection_is_answered_by_the_campaign_for_a_fresh_customer(shop: Shop, trained: Trained) -> None:
    client = stocked(shop).api(**trained.settings)
    selected = [f"P{product:02}" for product in (20, 23, 26, 29, 32)]

    first = answered(client, {"mode": "products", "product_ids": selected})
    ids = [item["item_id"] for item in first["items"]]
    assert (first["source"], first["beta"], len(ids)) == ("campaign", False, 10)
    assert not set(ids) & set(selected)
    assert sum(item_id >= "P20" for item_id in ids) >= 8  # what is bought beside the selected products

    sent = [event for event in trained.model.events() if event["USER_ID"] == first["request_id"]]
    assert sorted(event["ITEM_ID"] for event in sent) == selected
    assert {event["EVENT_TYPE"] for event in sent} == {"purchase"}

    again = answered(client, {"mode": "products", "product_ids": selected[::-1]})
    assert [item["item_id"] for item in again["items"]] == ids  # S3-18
    assert again["request_id"] != first["request_id"]

    both = answered(client, {"mode": "both", "product_ids": selected, "metadata": {"age": 34, "city": "Lahore"}})
    assert (both["source"], both["beta"]) == ("campaign", True)
    assert not {item["item_id"] for item in both["items"]} & set(selected)
    metadata = answered(client, {"mode": "metadata", "metadata": {"gender": "female", "province": "Punjab"}})
    assert (metadata["source"], metadata["beta"], len(metadata["items"])) == ("campaign", True, 10)


ARN = "arn:aws:personalize:us-east-1:000000000000"
OF_THE_SHOP_PAGE = {
    "campaigns": f"shop={ARN}:campaign/gone",
    "shop_campaign_arn": f"{ARN}:campaign/gone",
    "shop_tracking_id": "t",
    "shop_users_dataset_arn": f"{ARN}:dataset/s/USERS",
}
QUESTIONS: list[dict[str, Any]] = [
    {"mode": "products", "product_ids": [f"P{product:02}" for product in range(5)]},
    {"mode": "metadata", "metadata": {"city": "Lahore"}},
    {"mode": "both", "product_ids": [f"P{product:02}" for product in range(5)], "metadata": {"age": 34}},
]


def test_without_an_answer_of_the_campaign_the_cache_answers(shop: Shop) -> None:
    client = stocked(shop).api(real_time=True, personalize_endpoint_url="http://127.0.0.1:9", **OF_THE_SHOP_PAGE)
    body = answered(client, QUESTIONS[0])
    assert (body["source"], body["items"][0]["item_id"]) == ("popular", "P05")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["mode"])
def test_s0_13_without_the_setting_the_shop_page_asks_no_campaign(shop: Shop, question: dict[str, Any]) -> None:
    with recommender(200, {"itemList": [{"itemId": "P39"}]}) as (url, questions):
        client = stocked(shop).api(real_time=False, personalize_endpoint_url=url, **OF_THE_SHOP_PAGE)
        body = answered(client, question)
    assert body["source"] != "campaign"
    assert questions == []


def test_s1_48_the_calls_of_the_shop_page_are_timed_by_operation(shop: Shop) -> None:
    with recommender(200, {"itemList": [{"itemId": "P39"}]}) as (url, _):
        client = stocked(shop).api(real_time=True, personalize_endpoint_url=url, **OF_THE_SHOP_PAGE)
        before = counted(client, "aisle_serving_campaign_seconds_count", "operation")
        assert answered(client, QUESTIONS[2])["source"] == "campaign"
        rise = counted(client, "aisle_serving_campaign_seconds_count", "operation") - before
    assert rise == {"PutEvents": 1, "PutUsers": 1, "GetRecommendations": 1}
