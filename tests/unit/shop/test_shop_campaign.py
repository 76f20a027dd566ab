"""What a campaign is told and asked for a selection, by botocore's own check of each call."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from aisle.shop import CampaignAddress, Metadata, Mode, Selection, ShopCampaign

AT = datetime(2026, 11, 30, tzinfo=UTC)
FIVE = ("a", "b", "c", "d", "e")
CAMPAIGN = "arn:aws:personalize:us-east-1:000000000000:campaign/shop"
USERS = "arn:aws:personalize:us-east-1:000000000000:dataset/shop/USERS"


def asked(mode: Mode, facts: dict[str, Any], listed: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Return what is recommended, and the parameters of the calls by operation."""
    events, runtime = boto3.client("personalize-events"), boto3.client("personalize-runtime")
    calls: dict[str, Any] = {}
    for client in (events, runtime):
        client.meta.events.register(
            "provide-client-params.*.*", lambda params, model, **_: calls.setdefault(model.name, params) and None
        )
    with Stubber(events) as event_stub, Stubber(runtime) as runtime_stub:
        if facts:
            event_stub.add_response("put_users", {}, {"datasetArn": USERS, "users": ANY})
        if mode != "metadata":
            event_stub.add_response("put_events", {})
        runtime_stub.add_response(
            "get_recommendations", {"itemList": [{"itemId": item, "score": 0.5} for item in listed]}
        )
        address = CampaignAddress(campaign_arn=CAMPAIGN, tracking_id="tracker", users_dataset_arn=USERS)
        selection = Selection.of(mode, FIVE if mode != "metadata" else (), Metadata(**facts))
        made = ShopCampaign(address, events=events, runtime=runtime).recommend("shop-1", selection, AT)
        event_stub.assert_no_pending_responses()
    assert made.source == "campaign"
    return [product.product_id for product in made.products], calls


def test_s3_20_the_products_are_purchases_of_a_fresh_customer_and_the_metadata_are_that_customers() -> None:
    listed, calls = asked("both", {"age": 34, "city": "Lahore"}, ["x", "a", "y"])
    assert listed == ["x", "y"]
    assert calls["PutEvents"]["userId"] == calls["PutEvents"]["sessionId"] == "shop-1"
    assert [(event["eventType"], event["itemId"]) for event in calls["PutEvents"]["eventList"]] == [
        ("purchase", item) for item in FIVE
    ]
    (user,) = calls["PutUsers"]["users"]
    assert (user["userId"], json.loads(user["properties"])) == ("shop-1", {"age": 34, "location": "Lahore"})
    assert calls["GetRecommendations"] == {"campaignArn": CAMPAIGN, "userId": "shop-1", "numResults": 15}


@pytest.mark.parametrize(
    ("mode", "facts", "operations"),
    [
        ("products", {}, {"PutEvents", "GetRecommendations"}),
        ("metadata", {"gender": "female"}, {"PutUsers", "GetRecommendations"}),
        ("metadata", {}, {"GetRecommendations"}),
        ("both", {}, {"PutEvents", "GetRecommendations"}),
    ],
)
def test_the_campaign_is_told_only_what_was_given(mode: Mode, facts: dict[str, Any], operations: set[str]) -> None:
    _, calls = asked(mode, facts, ["x"])
    assert set(calls) == operations


def test_ten_items_are_left_where_all_five_selected_ones_come_back() -> None:
    listed, _ = asked("products", {}, [*FIVE, *(f"p{nth}" for nth in range(10))])
    assert listed == [f"p{nth}" for nth in range(10)]
