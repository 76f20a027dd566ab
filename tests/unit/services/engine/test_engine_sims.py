from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from services.engine.data.attributes import Attributes, Texts
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.models import sims
from services.engine.models.similar_items import SimilarItems
from services.engine.models.sims import Sims
from services.engine.models.storage import single_items
from services.engine.recipes.bm25 import item_saturation, user_information
from services.engine.recipes.content import features, likeness
from services.engine.recipes.histories import Histories
from services.engine.recipes.kinship import BM25_WEIGHT, PROXIMITY_WEIGHT, Kinship
from services.engine.recipes.popularity import popularity

N_ITEMS = 40


def histories(*users: list[int]) -> Histories:
    lengths = [len(user) for user in users]
    places = np.concatenate([np.arange(length) for length in lengths]).astype(np.int64)
    items = np.array([item for user in users for item in user], np.int32)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    return Histories(starts, items, places.astype(np.int32), np.ones(len(items), np.float32), places)


def training_of(events: Histories, n_items: int, **columns: Texts) -> Training:
    names = np.array([f"i{item:04d}" for item in range(n_items)], np.bytes_)
    users = np.array([f"u{user:04d}" for user in range(len(events))], np.bytes_)
    return Training(Interactions(users, names, events), Attributes(names, columns), Attributes(users))


@pytest.fixture(scope="module")
def two_tastes() -> Training:
    """Even users take even items, odd users odd ones, low numbers more often; everybody took item 0 or 1."""
    random = np.random.default_rng(3)
    chances = 1 / np.arange(2, N_ITEMS // 2 + 2)
    drawn = [random.choice(N_ITEMS // 2, 8, p=chances / chances.sum()) * 2 + user % 2 for user in range(200)]
    return training_of(histories(*[items.tolist() for items in drawn]), N_ITEMS)


def lists(model: Sims, length: int = 5) -> np.ndarray:
    return model.rank(single_items(np.arange(len(model.filler))), length).items


def test_neighbours_are_of_the_same_taste_and_never_the_item_itself(two_tastes: Training) -> None:
    ranked = lists(Sims.fit(two_tastes, {}))
    assert ((ranked % 2) == (np.arange(N_ITEMS) % 2)[:, None]).mean() > 0.9
    assert not (ranked == np.arange(N_ITEMS)[:, None]).any()


def test_list_is_the_top_of_the_scores(two_tastes: Training) -> None:
    model, queries = Sims.fit(two_tastes, {}), single_items(np.arange(-1, N_ITEMS))
    for length in (3, 25, 500):
        ranked, scores = model.rank(queries, length).items, model.scores(queries)
        assert ranked.shape[1] == min(length, N_ITEMS - 1)
        assert (np.take_along_axis(scores, ranked, 1) == -np.sort(-scores, axis=1)[:, : ranked.shape[1]]).all()


@pytest.mark.parametrize("model", [Sims, SimilarItems])
def test_greater_popularity_discount_gives_less_popular_answers(model: type[Sims], two_tastes: Training) -> None:
    users = popularity(two_tastes.histories, N_ITEMS)
    means = [
        users[lists(model.fit(two_tastes, {"popularity_discount_factor": factor}))].mean()
        for factor in ("0.0", "0.5", "1.0")
    ]
    assert means[0] > means[1] > means[2]


def test_pairs_need_users_in_common() -> None:
    # 0 and 1 share three users, 0 and 2 share two; 3 is popular without them.
    people = training_of(histories(*[[0, 1]] * 3, *[[0, 2]] * 2, *[[3]] * 9, [3, 4]), 5)
    assert Sims.fit(people, {"min_cointeraction_count": "2"}).neighbours[0].tolist()[:3] == [1, 2, -1]
    strict = Sims.fit(people, {"min_cointeraction_count": "3"})
    assert strict.neighbours[0].tolist()[:2] == [1, -1]
    assert lists(strict, 3)[0].tolist() == [1, 3, 2]  # the rest by popularity


def test_unknown_and_rare_items_have_popular_ones(two_tastes: Training) -> None:
    users = popularity(two_tastes.histories, N_ITEMS)
    unknown = Sims.fit(two_tastes, {}).rank(single_items(np.array([-1])), 5).items[0]
    assert users[unknown].tolist() == sorted(users, reverse=True)[:5]


def test_percentiles_leave_users_and_items_out(two_tastes: Training) -> None:
    rare = {"min_item_interaction_count_percentile": "0.5"}
    kept = sims.filtered(two_tastes.histories, N_ITEMS, rare)
    counts = np.bincount(two_tastes.histories.items, minlength=N_ITEMS)
    left = np.bincount(kept.items, minlength=N_ITEMS) > 0
    assert left.tolist() == (counts >= np.median(counts[counts > 0])).tolist()
    people = histories([1], [1, 2], [1, 2, 3], [1, 2, 3, 4])
    short = sims.filtered(people, 5, {"max_user_history_length_percentile": "0.5"})
    assert short.lengths.tolist() == [1, 2, 0, 0]
    assert sims.filtered(people, 5, {}).lengths.tolist() == [1, 2, 3, 4]


def test_many_items_do_without_ease_with_much_the_same_answers(
    two_tastes: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    dense = lists(Sims.fit(two_tastes, {}))
    monkeypatch.setattr(sims, "MAX_DENSE_ITEMS", 10)
    model = Sims.fit(two_tastes, {})
    sparse = lists(model)
    assert np.mean([len({*ranking} & {*other}) / 5 for ranking, other in zip(dense, sparse, strict=True)]) > 0.6
    assert ((sparse % 2) == (np.arange(N_ITEMS) % 2)[:, None]).mean() > 0.9


def kinds(n_items: int, n_kinds: int) -> Texts:
    return Texts((np.arange(n_items) % n_kinds).astype(np.int32), tuple(f"kind {n}|all" for n in range(n_kinds)))


def test_cold_items_have_neighbours_by_what_they_are(two_tastes: Training) -> None:
    events = two_tastes.histories
    n_items = N_ITEMS + 4  # no user took the last four
    known = training_of(events, n_items, KIND=kinds(n_items, 4))
    model = SimilarItems.fit(known, {})
    cold = N_ITEMS + 1
    ranked = model.rank(single_items(np.array([cold])), 5).items[0]
    assert (ranked % 4 == cold % 4).all()
    assert any(cold in row for row in model.neighbours[1:N_ITEMS:4])
    without = SimilarItems.fit(training_of(events, n_items), {})
    assert not any(cold in row for row in without.neighbours)


def test_weight_of_what_items_are_grows_with_its_dimension(two_tastes: Training) -> None:
    known = training_of(two_tastes.histories, N_ITEMS, KIND=kinds(N_ITEMS, 4))

    def of_own_kind(dimension: str) -> float:
        ranked = lists(SimilarItems.fit(known, {"item_metadata_hidden_dim": dimension}), 10)
        return float((ranked % 4 == (np.arange(N_ITEMS) % 4)[:, None]).mean())

    assert of_own_kind("200") > of_own_kind("30")


def test_what_follows_counts_more_than_what_precedes() -> None:
    # Who took everything there is says nothing to BM25, so proximity is all that is left.
    rows = Kinship.of(histories([0, 1, 0, 2], [2]), 3, None).rows(np.arange(3), 1)
    near = np.array(
        [
            [0, 1 / 4 + 0.5 / 4, 1 / 4 + 1 / 6],
            [1 / 4 + 0.5 / 4, 0, 1 / 5],
            [0.5 * (1 / 4 + 1 / 6), 0.5 / 5, 0],
        ]
    )
    assert rows == pytest.approx(PROXIMITY_WEIGHT * near / near.max(axis=1, keepdims=True), rel=1e-5)


def test_users_of_few_items_count_more_in_common() -> None:
    # 0 and 5 come right before 2 once each: by a user of two items and by one of four.
    rows = Kinship.of(histories([0, 2], [3, 4], [5, 2, 6, 7], [1, 8]), 9, None).rows(np.array([2, 1]), 1)
    assert rows[0, 0] > rows[0, 5] > 0
    assert rows[1, 8] == pytest.approx(BM25_WEIGHT + PROXIMITY_WEIGHT)


def test_views_need_users_in_common_and_do_not_count_the_item_itself(two_tastes: Training) -> None:
    events = two_tastes.histories
    interactions = events.binary(N_ITEMS)
    shared = (interactions.T @ interactions).toarray()
    weights = np.full((N_ITEMS, N_ITEMS), 0.5, np.float32)
    for least in (1, 4):
        rows = Kinship.of(events, N_ITEMS, weights.copy()).rows(np.arange(N_ITEMS), least)
        assert not np.diag(rows).any()
        off = ~np.eye(N_ITEMS, dtype=bool)
        assert ((rows > 0) == (shared >= least))[off].all()
        assert rows.max() <= 4 + 1e-5
    some = np.array([7, 3])
    assert (Kinship.of(events, N_ITEMS, weights.copy()).rows(some, 4) == rows[some]).all()


def test_users_of_few_items_tell_more_and_users_of_popular_items_less() -> None:
    interactions = sp.csr_matrix(np.array([[1, 1, 0, 0, 0], [1, 1, 1, 1, 0]], np.float32))
    few, many = user_information(interactions)
    assert few > many
    saturation = item_saturation(np.array([1.0, 10.0]))
    assert saturation[0] > saturation[1]


def test_likeness_counts_rare_values_words_of_prose_and_bands_of_numbers() -> None:
    ids = np.array([b"a", b"b", b"c", b"d", b"e", b"f"])
    genre = Texts(np.array([0, 1, 1, 2, -1, 2], np.int32), ("x|rare", "x|y", "y"))
    alike = likeness(features(Attributes(ids, {"GENRE": genre})), np.arange(6))
    assert alike[1, 2] == pytest.approx(1)
    assert alike[0, 1] < alike[1, 2]
    assert not alike[4].any()
    assert not np.diag(alike).any()
    shared = Texts(np.array([0, 1, 2, 3, 3, 3], np.int32), ("often|rare", "often|a", "rare|b", "often"))
    alike = likeness(features(Attributes(ids, {"TAGS": shared}), ["TAGS"]), np.arange(6))
    assert alike[0, 2] > alike[0, 1]
    prose = Texts(np.arange(6, dtype=np.int32), tuple(f"the {w} of a shop" for w in ("red", "red", "u", "v", "w", "x")))
    alike = likeness(features(Attributes(ids, {"TEXT": prose})), np.arange(6))
    assert alike[0, 1] == pytest.approx(1)
    assert not alike[2].any()
    price = np.array([1.0, 1.0, 50.0, 60.0, 70.0, np.nan])
    alike = likeness(features(Attributes(ids, {"PRICE": price})), np.arange(6))
    assert alike[0, 1] == pytest.approx(1)
    assert alike[0, 4] == 0
    assert not alike[5].any()
