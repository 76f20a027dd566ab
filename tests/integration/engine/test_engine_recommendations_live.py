"""What changes a list after the training: events, exploration, new items, context, and another version."""

from __future__ import annotations

import json

from tests.integration.engine.world import MISSING, N_ITEMS, START, World, names, refusal, tastes
from tests.waiting import wait_for


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
    world.put(stranger, "i4", "i6")  # so only the neighbours distinguish the odd items from what they were
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


def test_items_shown_without_effect_fall_a_little(world: World, personal: str, stranger: str) -> None:
    before = {item["itemId"]: item["score"] for item in world.ask(personal, userId=stranger, numResults=500)}
    answer = world.runtime.get_recommendations(campaignArn=personal, userId=stranger, numResults=2)
    shown = names(answer["itemList"])
    # Items that the model does not know say only what was shown.
    world.put(stranger, "unheard-of", recommendationId=answer["recommendationId"])
    after = {item["itemId"]: item["score"] for item in world.ask(personal, userId=stranger, numResults=500)}
    unseen = next(name for name in before if name not in shown)
    for name in shown:
        assert 0.8 < (after[name] / before[name]) / (after[unseen] / before[unseen]) < 0.95


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


def test_an_update_changes_what_is_served_and_a_deletion_ends_it(world: World) -> None:
    arn = world.campaign("aws-sims")
    items = world.ask(arn, itemId="i1", numResults=5)
    world.shop.client.update_campaign(campaignArn=arn, solutionVersionArn=world.version("aws-popularity-count"))
    wait_for(lambda: names(world.ask(arn, itemId="i1", numResults=5)) != names(items), "answers of the new version")
    assert "i1" in names(world.ask(arn, userId="u1", numResults=5))
    world.shop.client.delete_campaign(campaignArn=arn)
    assert refusal(lambda: world.ask(arn, userId="u1")) == MISSING
