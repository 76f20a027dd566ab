from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from personalize_kinds.kinds import CAMPAIGN
from services.engine.catalogue import RECIPES
from services.engine.data.attributes import Attributes, Texts
from services.engine.data.interactions import EventSelection, Interactions
from services.engine.data.records import LiveEvent
from services.engine.models.popularity_count import PopularityCount
from services.engine.models.storage import TrainedModel
from services.engine.recipes.exploration import MAX_SHARE
from services.engine.recipes.histories import Histories
from services.engine.resources import Resource
from services.engine.runtime.answers import Chosen, listed, wire_name
from services.engine.runtime.assortment import Assortment
from services.engine.runtime.deployments import SECOND_VERSION_WEIGHT, Deployment
from services.engine.runtime.issued import Issued, new_id, written
from services.engine.runtime.lifts import context_lifts, segment_lift
from services.engine.runtime.promotions import interleave, promoted_places
from services.engine.runtime.signals import NO_SIGNALS, histories, signals, without

ALL = EventSelection()


def ids(*names: str) -> np.ndarray:
    return np.array([name.encode() for name in names], dtype=np.bytes_)


def texts(*cells: str | None) -> Texts:
    distinct = [*dict.fromkeys(cell for cell in cells if cell is not None)]
    return Texts(np.array([distinct.index(cell) if cell else -1 for cell in cells], np.int32), tuple(distinct))


def event(
    seq: int, item: str, kind: str = "click", *, value: float | None = None, at: int = 0, **more: object
) -> LiveEvent:
    fields = {"event_id": None, "impression": (), "recommendation_id": None, "source": None, **more}
    return LiveEvent(seq, "u1", "s", item, kind, value, at or 100 + seq, **fields)  # type: ignore[arg-type]


@pytest.fixture
def interactions() -> Interactions:
    """u1: a at 10, b and c at 20; u2: b at 50."""
    trained = Histories(
        np.array([0, 3, 4]),
        np.array([0, 1, 2, 1], np.int32),
        np.array([0, 1, 1, 0], np.int32),
        np.ones(4, np.float32),
        np.array([10, 20, 20, 50]),
    )
    return Interactions(ids("u1", "u2"), ids("a", "b", "c", "d"), trained)


@pytest.fixture
def trained(interactions: Interactions) -> TrainedModel:
    return TrainedModel(PopularityCount(np.array([1.0, 2, 1, 0])), interactions)


# histories: what was trained on, and what happened since


def test_history_continues_with_what_happened_since(trained: TrainedModel) -> None:
    live = [event(5, "d", at=30), event(6, "a", at=30)]
    query = histories(trained, ["u1", "nobody", "u2"], [live, live, []], ALL, seen_seq=4)
    assert query.take(np.array([0])).items.tolist() == [0, 1, 2, 3, 0]
    assert query.moments.tolist() == [0, 1, 1, 2, 2, 0, 0, 0]
    assert query.take(np.array([1])).items.tolist() == [3, 0]
    assert query.take(np.array([2])).items.tolist() == [1]


def test_live_events_of_an_earlier_time_go_to_their_place(trained: TrainedModel) -> None:
    query = histories(trained, ["u1"], [[event(5, "d", at=15)]], ALL)
    assert query.items.tolist() == [0, 3, 1, 2]
    assert query.moments.tolist() == [0, 1, 2, 2]


@pytest.mark.parametrize(
    ("selection", "counted"),
    [
        (ALL, "abcd"),
        (EventSelection(event_type="buy"), "b"),
        (EventSelection(min_value=3.0), "c"),
        (EventSelection(weights={"click": 0.5}), "acd"),
    ],
)
def test_what_the_solution_does_not_count_does_not_count_live(
    trained: TrainedModel, selection: EventSelection, counted: str
) -> None:
    live = [event(1, "a"), event(2, "b", "buy"), event(3, "c", value=4.0), event(4, "d", value=None)]
    query = histories(trained, ["new"], [live], selection)
    assert "".join("abcd"[item] for item in query.items) == counted
    if selection.weights:
        assert set(query.weights.tolist()) == {0.5}


def test_what_training_saw_what_it_cannot_know_and_what_is_negative_is_left_out(trained: TrainedModel) -> None:
    live = [event(3, "a"), event(4, "unheard-of"), event(5, "b", "Dislike")]
    assert histories(trained, ["new"], [live], ALL, seen_seq=3).lengths.tolist() == [0]


def test_refused_items_leave_the_history(trained: TrainedModel) -> None:
    query = without(trained.queries(["u1", "u2"]), trained, ["b", "unheard-of"])
    assert query.items.tolist() == [0, 2]
    assert query.lengths.tolist() == [2, 0]


# signals


def test_the_latest_event_on_an_item_counts() -> None:
    said = signals(
        [event(1, "a", "hide"), event(2, "a", "click"), event(3, "b", "click"), event(4, "b", "THUMBS_DOWN")],
        {"not_interested": frozenset({"a", "z"}), "click": frozenset({"a"}), "*": frozenset({"a", "z"})},
        lambda _: (),
    )
    assert said.turned_down == {"b", "z"}


def test_items_shown_without_a_later_event_are_counted() -> None:
    live = [event(1, "a", impression=("a", "b", "c")), event(2, "b", impression=("b", "c"))]
    assert dict(signals(live, {}, lambda event: event.impression).passed_over) == {"c": 2}


def test_no_record_no_signal() -> None:
    assert signals([], {"click": frozenset({"a"})}, lambda _: ()) is NO_SIGNALS


# assortment


def test_late_items_follow_the_known_and_are_found_by_name(interactions: Interactions) -> None:
    items = Attributes(ids("a", "b", "new"), {"CREATION_TIMESTAMP": np.array([5.0, np.nan, 7.0])})
    assortment = Assortment.of(interactions, items, with_late=True)
    assert assortment.names.tolist() == ["a", "b", "c", "d", "new"]
    assert assortment.places(["new", "?", "a"]).tolist() == [4, -1, 0]
    assert assortment.mask(("b", "?", "new")).tolist() == [False, True, False, False, True]
    assert assortment.n_events.tolist() == [1, 2, 1, 0, 0]
    assert assortment.born.tolist()[:3] == [5, 20, 20]
    assert np.isnan(assortment.born[3])
    assert assortment.newest == 50
    assert len(Assortment.of(interactions, items, with_late=False)) == 4


def test_late_items_get_the_mean_of_items_like_them(interactions: Interactions) -> None:
    items = Attributes(
        ids("a", "b", "c", "d", "w", "x", "y", "z"),
        {"GENRE": texts("red", "red|blue", "blue", None, "red", "blue|green", "green", None)},
    )
    extended = Assortment.of(interactions, items, with_late=True).extended(np.array([0.4, 0.2, 0.3, 0.1]))
    assert extended[:4].tolist() == [0.4, 0.2, 0.3, 0.1]
    assert extended[4:] == pytest.approx([0.3, 0.25, 0.1, 0.1])  # red, blue, nothing in common, nothing at all


# lifts


def test_segment_takes_more_of_what_its_members_take(interactions: Interactions) -> None:
    users = Attributes(ids("u1", "u2"), {"TIER": texts("gold", "basic")})
    gold = segment_lift(interactions, users, {"TIER": "gold"})
    assert gold[0] > 1 > gold[1]
    assert segment_lift(interactions, users, {"TIER": "unknown"}) == pytest.approx(1)


def test_context_lifts_are_by_value_of_a_column(interactions: Interactions) -> None:
    import pyarrow as pa

    table = pa.table(
        {"ITEM_ID": ["a", "a", "b", "b", "?"], "DEVICE": ["phone", "phone", "tv", None, "tv"], "EVENT_TYPE": ["x"] * 5}
    )
    lifts = context_lifts(interactions, table, "DEVICE")
    assert lifts["phone"][0] > 1 > lifts["phone"][1]
    assert lifts["tv"][1] > 1 > lifts["tv"][0]
    assert context_lifts(interactions, table, "EVENT_TYPE") == context_lifts(interactions, table, "NOPE") == {}


# promotions, names, ids


@pytest.mark.parametrize(("percent", "length", "places"), [(29, 10, 2), (1, 25, 1), (100, 7, 7), (50, 0, 0)])
def test_promoted_places_are_rounded_down_but_at_least_one(percent: int, length: int, places: int) -> None:
    assert promoted_places(percent, length) == places


def test_interleaving_keeps_both_orders_and_draws_the_places() -> None:
    promoted, others = np.array([100, 101, 102]), np.arange(9)
    mixed = [interleave(promoted, others, np.random.default_rng(seed)) for seed in range(50)]
    for items in mixed:
        assert items[items >= 100].tolist() == [100, 101, 102]
        assert items[items < 100].tolist() == [*range(9)]
    assert len({tuple(items) for items in mixed}) > 30


def test_lists_are_remembered_up_to_a_number() -> None:
    issued = Issued(capacity=2)
    first, second, third = (written(new_id()) for _ in range(3))
    for number, ranked_list in enumerate((first, second, third)):
        issued.remember(ranked_list, [f"i{number}"])
    assert [issued.items(ranked_list) for ranked_list in (first, second, third)] == [(), ("i1",), ("i2",)]
    assert len(first) == 40


def test_metadata_is_named_in_camel_case() -> None:
    assert [wire_name(name) for name in ("TITLE", "CREATION_TIMESTAMP")] == ["title", "creationTimestamp"]


def test_a_query_of_one_user_and_of_many_is_the_same(trained: TrainedModel) -> None:
    live = [[event(1, "d", at=40)], [], [event(2, "a", at=12)]]
    users = ["u1", "u2", "new"]
    together = histories(trained, users, live, ALL)
    for row, user in enumerate(users):
        alone, part = histories(trained, [user], [live[row]], ALL), together.take(np.array([row]))
        assert alone.items.tolist() == part.items.tolist()
        assert alone.moments.tolist() == part.moments.tolist()


def deployed(recipe: str, **config: Any) -> Deployment:
    """A campaign of a version of a recipe, without a model behind it."""
    campaign = Resource.create(CAMPAIGN, "us-east-1", "live", {"campaignConfig": config})
    return Deployment(campaign, SimpleNamespace(recipe=RECIPES[recipe]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("recipe", "config", "weight", "days"),
    [
        ("aws-user-personalization", {}, 0.3, 30),
        ("aws-user-personalization", {"explorationWeight": "0"}, 0, 30),
        ("aws-user-personalization", {"explorationWeight": "0.9", "explorationItemAgeCutOff": "7"}, 0.9, 7),
        ("aws-user-personalization-v2", {}, SECOND_VERSION_WEIGHT, 30),
        # What an earlier engine took for the second version counts no more.
        ("aws-user-personalization-v2", {"explorationWeight": "1", "explorationItemAgeCutOff": "7"},
         SECOND_VERSION_WEIGHT, 30),
        ("aws-sims", {}, 0, 30),
        ("aws-personalized-ranking-v2", {}, 0, 30),
    ],
)  # fmt: skip
def test_exploration_is_set_for_one_recipe_and_fixed_at_a_thousandth_for_its_second_version(
    recipe: str, config: dict[str, str], weight: float, days: float
) -> None:
    deployment = deployed(recipe, itemExplorationConfig=config) if config else deployed(recipe)
    assert deployment.exploration == (weight, days)
    assert pytest.approx(0.001) == SECOND_VERSION_WEIGHT * MAX_SHARE


@pytest.mark.parametrize(
    ("recipe", "reasons"),
    [
        ("aws-user-personalization", [None, None, None, None]),
        ("aws-user-personalization-v2", [["Promoted item"], ["Exploration"], ["Popular item"], None]),
    ],
)
def test_the_second_version_tells_why_an_item_is_in_the_list(recipe: str, reasons: list[Any]) -> None:
    deployment = deployed(recipe)
    deployment.loaded.trained = SimpleNamespace(model=SimpleNamespace(scored=True))  # type: ignore[assignment]
    first, second, third = (np.arange(4) == place for place in range(3))
    chosen = Chosen(np.arange(4), np.array([0.4, 0.3, 0.2, 0.1]), promoted=first, tried=second)
    answers = listed(["a", "b", "c", "d"], chosen, third, deployment, None)
    assert [answer.get("reason") for answer in answers] == reasons
