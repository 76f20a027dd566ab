"""Campaigns answer over the wire: lists, rankings, filters, promotions, and what single records change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
import numpy as np
import pytest
from botocore.exceptions import ClientError

from aisle.contracts.personalize import Column, Dataset
from tests.waiting import wait_for

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


@pytest.fixture(scope="module")
def world(engine: Any, s3_endpoint: str, shop_class: Any) -> World:
    s3 = boto3.client("s3", endpoint_url=s3_endpoint)
    bucket = f"aisle-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket)
    return World(shop_class(engine.client(), s3, bucket), engine.url)


@pytest.fixture(scope="module")
def shop_class() -> Any:
    from tests.integration.engine.shop import Shop

    return Shop


@pytest.fixture(scope="module")
def personal(world: World) -> str:
    """A campaign of user-personalization without exploration."""
    return world.campaign("aws-user-personalization", enableMetadataWithRecommendations=True)


@pytest.fixture(scope="module")
def second(world: World) -> str:
    """The same of the newer recipe, which tells reasons."""
    return world.campaign("aws-user-personalization-v2")


@pytest.fixture(scope="module")
def ranking(world: World) -> str:
    return world.campaign("aws-personalized-ranking-v2")


@pytest.fixture(scope="module")
def similar(world: World) -> str:
    return world.campaign("aws-sims")


@pytest.fixture
def stranger() -> str:
    return f"stranger-{uuid.uuid4().hex[:8]}"


def names(items: list[dict[str, Any]]) -> list[str]:
    return [item["itemId"] for item in items]


def tastes(items: list[dict[str, Any]]) -> list[str]:
    return [taste(int(item["itemId"][1:])) for item in items]


def refusal(call: Callable[[], Any]) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call()
    return caught.value.response["Error"]["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]


INVALID, MISSING = ("InvalidInputException", 400), ("ResourceNotFoundException", 404)


# GetRecommendations


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


# filters, promotions, metadata


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


# what happened since the training


def test_events_make_a_stranger_known(world: World, personal: str, stranger: str) -> None:
    world.put(stranger, "i11", "i13", "i15")
    assert set(tastes(world.ask(personal, userId=stranger, numResults=8))) == {"odd"}


def test_session_without_a_user_is_a_user(world: World, personal: str) -> None:
    world.put(None, "i10", "i12", "i14")
    assert set(tastes(world.ask(personal, userId="visitor", numResults=8))) == {"even"}


def test_events_on_unknown_items_and_other_recipes_change_nothing(
    world: World, personal: str, similar: str, stranger: str
) -> None:
    before = world.ask(personal, userId=stranger), world.ask(similar, itemId="i2", userId=stranger)
    world.put(stranger, "unheard-of")
    assert world.ask(personal, userId=stranger) == before[0]
    world.put(stranger, "i9", "i11")
    assert world.ask(similar, itemId="i2", userId=stranger) == before[1]


def test_what_a_user_turns_down_falls_with_its_neighbours(world: World, personal: str, stranger: str) -> None:
    world.put(stranger, "i4", "i6")  # so nothing but the neighbours tells the odd items from what they were
    neighbours = [f"i{n}" for n in range(1, N_ITEMS, 2) if n != 5]

    def scores() -> dict[str, float]:
        return {item["itemId"]: item["score"] for item in world.ask(personal, userId=stranger, numResults=500)}

    before = scores()
    world.put(stranger, "i5", kind="Dislike")
    after = scores()
    assert after["i5"] < before["i5"] / 10
    assert sum(after[name] for name in neighbours) < 0.9 * sum(before[name] for name in neighbours)
    world.put(stranger, "i5")  # a change of mind
    assert scores()["i5"] > after["i5"] * 5


def test_items_shown_in_vain_fall_a_little(world: World, personal: str, stranger: str) -> None:
    before = {item["itemId"]: item["score"] for item in world.ask(personal, userId=stranger, numResults=500)}
    answer = world.runtime.get_recommendations(campaignArn=personal, userId=stranger, numResults=2)
    shown = names(answer["itemList"])
    # Items that the model has never heard of tell nothing but what was shown.
    world.put(stranger, "unheard-of", recommendationId=answer["recommendationId"])
    after = {item["itemId"]: item["score"] for item in world.ask(personal, userId=stranger, numResults=500)}
    unseen = next(name for name in before if name not in shown)
    for name in shown:
        assert 0.8 < (after[name] / before[name]) / (after[unseen] / before[unseen]) < 0.95


# exploration and new items


def test_exploration_gives_young_items_a_share_of_places(world: World, personal: str) -> None:
    exploring = world.campaign("aws-user-personalization", "1")
    plain = world.ask(personal, userId="u2", numResults=10)
    assert plain == world.ask(personal, userId="u2", numResults=10)
    tried = []
    for _ in range(12):
        items = world.ask(exploring, userId="u2", numResults=10)
        assert [item["score"] for item in items] == sorted((item["score"] for item in items), reverse=True)
        tried += [name for name in names(items) if name not in names(plain)]
    assert set(tried) & {"i36", "i37", "i38", "i39"}
    assert not set(tried) & {f"i{n}" for n in range(36)}


def test_items_put_after_the_training_are_found_by_exploration_and_likeness(
    world: World, personal: str, ranking: str
) -> None:
    exploring = world.campaign("aws-user-personalization", "1")
    world.events.put_items(
        datasetArn=world.items,
        items=[
            {
                "itemId": f"late-{kind}",
                "properties": json.dumps({"taste": kind, "price": 1, "creationTimestamp": START}),
            }
            for kind in ("odd", "even")
        ],
    )
    shown = set[str]()

    def both_are_shown() -> bool:
        shown.update(names(world.ask(exploring, userId="u2")))
        return {"late-odd", "late-even"} <= shown

    wait_for(both_are_shown, lambda: f"both new items to be explored, not only {shown}")
    by_likeness = names(world.ask(personal, userId="u2", numResults=500))
    assert by_likeness.index("i0") < by_likeness.index("late-even") < by_likeness.index("late-odd")
    for user, order in (("u2", ["late-even", "late-odd"]), ("u3", ["late-odd", "late-even"])):
        ranked = world.runtime.get_personalized_ranking(
            campaignArn=ranking, userId=user, inputList=["late-odd", "late-even"]
        )["personalizedRanking"]
        assert names(ranked) == order


# cold users and context


def test_a_stranger_with_attributes_gets_what_the_like_take(world: World, personal: str) -> None:
    assert tastes(world.ask(personal, userId="newgold", numResults=5)) == ["even"] * 5
    assert tastes(world.ask(personal, userId="newbasic", numResults=5)) == ["odd"] * 5
    world.events.put_users(
        datasetArn=world.users, users=[{"userId": "putgold", "properties": json.dumps({"tier": "gold"})}]
    )
    assert tastes(world.ask(personal, userId="putgold", numResults=5)) == ["even"] * 5


def test_context_moves_a_strangers_list_and_unknown_context_does_not(world: World, personal: str) -> None:
    usual = world.ask(personal, userId="unheard-of")
    assert tastes(world.ask(personal, userId="unheard-of", context={"DEVICE": "tv"}, numResults=5)) == ["odd"] * 5
    assert world.ask(personal, userId="unheard-of", context={"DEVICE": "fridge", "MOON": "full"}) == usual


# GetPersonalizedRanking


def test_ranking_orders_what_it_was_given(world: World, ranking: str) -> None:
    given = ["i5", "unheard-of", "i4", "i5", "never-seen", "i0"]
    answer = world.runtime.get_personalized_ranking(campaignArn=ranking, userId="u2", inputList=given)
    ranked = answer["personalizedRanking"]
    assert names(ranked)[2:] == ["i5", "unheard-of", "never-seen"]
    assert set(names(ranked)[:2]) == {"i0", "i4"}
    assert [set(item) for item in ranked] == [{"itemId", "score"}] * 3 + [{"itemId"}] * 2
    assert sum(item.get("score", 0) for item in ranked) == pytest.approx(1, abs=1e-6)
    assert len(answer["recommendationId"]) == 40


def test_ranking_removes_what_the_filter_removes_and_tells_metadata(world: World, ranking: str) -> None:
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


# deployments


def test_an_update_changes_what_is_served_and_a_deletion_ends_it(world: World) -> None:
    arn = world.campaign("aws-sims")
    items = world.ask(arn, itemId="i1", numResults=5)
    world.shop.client.update_campaign(campaignArn=arn, solutionVersionArn=world.version("aws-popularity-count"))
    wait_for(lambda: names(world.ask(arn, itemId="i1", numResults=5)) != names(items), "answers of the new version")
    assert "i1" in names(world.ask(arn, userId="u1", numResults=5))
    world.shop.client.delete_campaign(campaignArn=arn)
    assert refusal(lambda: world.ask(arn, userId="u1")) == MISSING
