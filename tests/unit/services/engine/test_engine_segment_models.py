from __future__ import annotations

import numpy as np
import pytest

from services.engine.data.attributes import Attributes, Texts
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.models import segments
from services.engine.models.evaluation import evaluate_model
from services.engine.models.segments import ItemAffinity, ItemAttributeAffinity
from services.engine.models.storage import TrainedModel, load, save, single_items
from services.engine.recipes.histories import Histories

N_ITEMS = 20


def training_of(people: list[list[int]], n_items: int = N_ITEMS, **columns: Texts) -> Training:
    lengths = [len(items) for items in people]
    places = np.concatenate([np.arange(length) for length in lengths]).astype(np.int64)
    items = np.array([item for person in people for item in person], np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    events = Histories(starts, items, places.astype(np.int32), np.ones(len(items), np.float32), places)
    names = np.array([f"i{item:04d}" for item in range(n_items)], np.bytes_)
    users = np.array([f"u{user:04d}" for user in range(len(people))], np.bytes_)
    return Training(Interactions(users, names, events), Attributes(names, columns), Attributes(users))


@pytest.fixture(scope="module")
def people() -> list[list[int]]:
    """Even users take even items, odd users odd ones."""
    random = np.random.default_rng(5)
    return [(random.integers(0, N_ITEMS // 2, 10) * 2 + user % 2).tolist() for user in range(120)]


def several(*items: int) -> Histories:
    """One query of several items."""
    nothing = np.zeros(len(items), np.int32)
    return Histories(
        np.array([0, len(items)]), np.array(items, np.int32), nothing, np.ones(len(items), np.float32),
        nothing.astype(np.int64),
    )  # fmt: skip


def test_answers_are_users_and_those_who_took_the_item_come_first(people: list[list[int]]) -> None:
    model = ItemAffinity.fit(training_of(people), {})
    queries = single_items(np.array([4, 7]))
    assert model.answers == "users"
    assert model.scores(queries).shape == (2, len(people))
    for item, row in zip((4, 7), model.rank(queries, len(people)).items, strict=True):
        takers = [user for user, items in enumerate(people) if item in items]
        assert {*row[: len(takers)]} == {*takers}
        rest = row[len(takers) : 60]
        assert (rest % 2 == item % 2).all()  # who has the taste for it


def test_newest_takers_come_first() -> None:
    model = ItemAffinity.fit(training_of([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 2, 1]], 4), {})
    assert model.rank(single_items(np.array([0])), 3).items[0].tolist() == [0, 2, 1]


def test_several_items_add_up_and_their_order_is_of_no_account(people: list[list[int]]) -> None:
    model = ItemAttributeAffinity.fit(training_of(people), {})
    alone = model.scores(single_items(np.array([2, 3])))
    assert model.scores(several(2, 3))[0] == pytest.approx(alone.sum(axis=0), abs=1e-5)
    assert model.scores(several(3, 2))[0] == pytest.approx(alone.sum(axis=0), abs=1e-5)
    assert model.input_key == "itemAttributes"


def test_item_that_nobody_took_goes_to_those_who_like_its_kind(people: list[list[int]]) -> None:
    kind = Texts((np.arange(N_ITEMS + 2) % 2).astype(np.int32), ("even", "odd"))
    model = ItemAffinity.fit(training_of(people, N_ITEMS + 2, KIND=kind), {})
    ranked = model.rank(single_items(np.array([N_ITEMS, N_ITEMS + 1])), 50).items
    assert (ranked % 2 == [[0], [1]]).all()


def test_unknown_item_goes_to_the_busiest_users(people: list[list[int]]) -> None:
    busy = [people[0] * 3, *people]
    assert ItemAffinity.fit(training_of(busy), {}).rank(single_items(np.array([-1])), 1).items[0, 0] == 0


def test_long_files_are_ranked_in_blocks(people: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    from services.engine.recipes import content

    model, queries = ItemAffinity.fit(training_of(people), {}), single_items(np.arange(-1, N_ITEMS))
    at_once = model.rank(queries, 10).items
    monkeypatch.setattr(content, "BLOCK_CELLS", 300)
    assert (model.rank(queries, 10).items == at_once).all()
    assert model.rank(single_items(np.array([], int)), 10).items.shape == (0, 10)


def test_many_items_are_handled_sparsely(people: list[list[int]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "MAX_DENSE_ITEMS", 5)
    ranked = ItemAffinity.fit(training_of(people), {}).rank(single_items(np.array([4, 7])), 40).items
    assert (ranked % 2 == [[0], [1]]).mean() > 0.95


@pytest.mark.parametrize("recipe", ["aws-item-affinity", "aws-item-attribute-affinity"])
def test_stored_model_answers_the_same(recipe: str, people: list[list[int]], tmp_path: object) -> None:
    from services.engine.models import MODELS

    training = training_of(people)
    model = MODELS[recipe].fit(training, {})
    save(TrainedModel(model, training.interactions), tmp_path / "model")  # type: ignore[operator]
    loaded = load(recipe, tmp_path / "model").model  # type: ignore[operator]
    queries = single_items(np.arange(N_ITEMS))
    assert (loaded.rank(queries, 20).items == model.rank(queries, 20).items).all()


def test_metrics_are_those_of_segments_alone(people: list[list[int]]) -> None:
    metrics = evaluate_model(ItemAffinity, training_of(people), {}, seed=1).metrics
    assert set(metrics) == {"coverage", "hits_at_1_percent", "recall_at_1_percent"}
    assert 0.3 < metrics["hits_at_1_percent"] <= 2  # of a list of two
