"""A world of two tastes with campaigns of every recipe, and questions to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError

from aisle.contracts.personalize import Column, Dataset

START = 1_700_000_000
N_USERS, N_ITEMS = 60, 40

INTERACTIONS = Dataset(
    "interactions",
    "Interactions",
    (
        Column("USER_ID", "string"),
        Column("ITEM_ID", "string"),
        Column("EVENT_TYPE", "string"),
        Column("DEVICE", ("string", "null"), categorical=True),
        Column("TIMESTAMP", "long"),
    ),
)
ITEMS = Dataset(
    "items",
    "Items",
    (
        Column("ITEM_ID", "string"),
        Column("TASTE", ("string", "null"), categorical=True),
        Column("PRICE", ("float", "null")),
        Column("CREATION_TIMESTAMP", "long"),
    ),
)
USERS = Dataset("users", "Users", (Column("USER_ID", "string"), Column("TIER", "string", categorical=True)))


def interactions_csv() -> str:
    """Two tastes: even users take even items on the phone, odd users odd ones on the television."""
    random = np.random.default_rng(11)
    users = random.integers(0, N_USERS, 3_000)
    # Small numbers are popular, so both tastes have an order.
    items = np.minimum(random.geometric(0.15, 3_000) - 1, N_ITEMS // 2 - 1) * 2 + users % 2
    devices = np.array(["phone", "tv"])[users % 2]
    rows = [
        f"u{user},i{item},click,{device},{START + n}"
        for n, (user, item, device) in enumerate(zip(users, items, devices, strict=True))
    ]
    return "\n".join([INTERACTIONS.header, *rows, ""])


def items_csv() -> str:
    """Items 36 to 39 are young, the others a year old; item 5 has neither taste nor price."""
    rows = []
    for n in range(N_ITEMS):
        known = "," if n == 5 else f"{taste(n)}|shop,{n + 0.5}"
        rows.append(f"i{n},{known},{START - (0 if n >= 36 else 31_536_000)}")
    return "\n".join([ITEMS.header, *rows, ""])


def users_csv() -> str:
    """Even users are gold. Nobody has seen `newgold` and `newbasic` yet."""
    tiers = {f"u{n}": "gold" if n % 2 == 0 else "basic" for n in range(N_USERS)}
    tiers |= {"newgold": "gold", "newbasic": "basic"}
    return "\n".join([USERS.header, *(f"{user},{tier}" for user, tier in tiers.items()), ""])


def taste(item: int) -> str:
    return "odd" if item % 2 else "even"


class World:
    """A dataset group with a campaign for each kind of recipe, and clients of all three services."""

    def __init__(self, shop: Any, url: str) -> None:
        self.shop = shop
        self.runtime = boto3.client("personalize-runtime", endpoint_url=url)
        self.events = boto3.client("personalize-events", endpoint_url=url)
        self.group = shop.group()
        shop.import_csv(shop.dataset(self.group, INTERACTIONS), interactions_csv())
        self.items = shop.dataset(self.group, ITEMS)
        shop.import_csv(self.items, items_csv(), "items")
        self.users = shop.dataset(self.group, USERS)
        shop.import_csv(self.users, users_csv(), "users")
        tracker = shop.client.create_event_tracker(name="tracker", datasetGroupArn=self.group)
        self.tracking_id = tracker["trackingId"]
        shop.settled(shop.client.describe_event_tracker, eventTrackerArn=tracker["eventTrackerArn"])
        self._versions: dict[str, str] = {}
        self._clock = count(START + 10_000)  # equal events of one second would count once

    def version(self, recipe: str) -> str:
        if recipe not in self._versions:
            trained = self.shop.train(self.group, recipe)
            assert trained["status"] == "ACTIVE", trained
            self._versions[recipe] = trained["solutionVersionArn"]
        return self._versions[recipe]

    def campaign(self, recipe: str, weight: str | None = None, **config: Any) -> str:
        """A new campaign; where exploration can be set, it explores only if asked to."""
        if recipe == "aws-user-personalization":
            config["itemExplorationConfig"] = {"explorationWeight": weight or "0", "explorationItemAgeCutOff": "30"}
        arn = self.shop.client.create_campaign(
            name=f"c{uuid.uuid4().hex[:12]}", solutionVersionArn=self.version(recipe), campaignConfig=config
        )["campaignArn"]
        assert self.shop.settled(self.shop.client.describe_campaign, campaignArn=arn)["status"] == "ACTIVE"
        return str(arn)

    def filter(self, expression: str) -> str:
        arn = self.shop.client.create_filter(
            name=f"f{uuid.uuid4().hex[:12]}", datasetGroupArn=self.group, filterExpression=expression
        )["filterArn"]
        self.shop.settled(self.shop.client.describe_filter, filterArn=arn)
        return str(arn)

    def put(self, user: str | None, *items: str, kind: str = "click", **more: Any) -> None:
        """An event on each item; without a user, of the session `visitor`."""
        self.events.put_events(
            trackingId=self.tracking_id,
            sessionId="visitor" if user is None else f"session-of-{user}",
            eventList=[{"eventType": kind, "itemId": item, "sentAt": next(self._clock), **more} for item in items],
            **({"userId": user} if user else {}),
        )

    def ask(self, campaign: str, **request: Any) -> list[dict[str, Any]]:
        answer = self.runtime.get_recommendations(campaignArn=campaign, **request)
        assert answer["recommendationId"].startswith("RID-")
        listed: list[dict[str, Any]] = answer["itemList"]
        return listed


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["itemId"] for item in items]


def tastes(items: list[dict[str, Any]]) -> list[str]:
    return [taste(int(item["itemId"][1:])) for item in items]


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


INVALID, MISSING = ("InvalidInputException", 400), ("ResourceNotFoundException", 404)
