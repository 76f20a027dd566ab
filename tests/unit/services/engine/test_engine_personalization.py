from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

from services.engine import memory
from services.engine.data.attributes import Attributes, Texts
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.errors import JobFailed
from services.engine.metrics import Examples, next_examples, split_users
from services.engine.models import taste, user_personalization
from services.engine.models.taste import SHARES
from services.engine.models.user_personalization import UserPersonalization
from services.engine.recipes.ease import RIDGE, ease
from services.engine.recipes.histories import Histories
from services.engine.recipes.neighbourhood import MAX_NEIGHBOURS, cosine, rp3beta
from services.engine.recipes.pairs import pairs_of
from services.engine.recipes.popularity import HALF_LIFE, recent_popularity
from services.engine.recipes.ranking import top
from services.engine.recipes.repeat import PRESENCE_STEPS, STEPS, _cases, _round, repeats
from services.engine.recipes.scoring import best, scores_of

N_ITEMS = 300
#: The tastes to choose among, by MAX_DENSE_ITEMS.
NAMES = {16_000: {("ease",), ("cosine",), ("rp3beta",)}, 10: {("cosine",), ("rp3beta",)}}


def shop(n_users: int = 600, seed: int = 0) -> Histories:
    """Users of ten tastes, who take up to three items at a time and come back to some."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 30, n_users)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    users = np.repeat(np.arange(n_users), lengths)
    places = np.arange(starts[-1]) - starts[users]
    taste, popular = users % 10, (random.random(len(users)) ** 3 * 30).astype(np.int32)
    items = np.where(random.random(len(users)) < 0.8, popular * 10 + taste, random.integers(0, N_ITEMS, len(users)))
    again = np.maximum(places - random.integers(1, 4, len(users)), 0) + starts[users]
    items = np.where(random.random(len(users)) < 0.3, items[again], items).astype(np.int32)
    moments = (places // 3).astype(np.int32)
    return Histories(starts, items, moments, np.ones(len(users), np.float32), moments * 86_400)


def training_of(histories: Histories, n_items: int = N_ITEMS, items: Attributes | None = None) -> Training:
    item_ids = np.array([f"i{n:05}".encode() for n in range(n_items)])
    user_ids = np.array([f"u{n:05}".encode() for n in range(len(histories))])
    interactions = Interactions(user_ids, item_ids, histories)
    return Training(interactions, items or Attributes(item_ids), Attributes(user_ids))


@pytest.fixture(scope="module")
def training() -> Training:
    return training_of(shop())


@pytest.fixture(scope="module")
def model(training: Training) -> UserPersonalization:
    return UserPersonalization.fit(training, {})


def test_pairs_fold_events_of_a_user_and_item() -> None:
    histories = Histories(
        np.array([0, 4, 4, 5]), np.array([2, 1, 2, 1, 2], np.int32), np.array([0, 1, 2, 2, 0], np.int32),
        np.array([1, 1, 0.5, 1, 1], np.float32), np.arange(5),
    )  # fmt: skip
    pairs = pairs_of(histories, 3, power=2.0, span=2)
    assert pairs.starts.tolist() == [0, 2, 2, 3]
    assert pairs.items.tolist() == [2, 1, 2]
    assert pairs.memory == pytest.approx([0.5, 1.25, 1])  # the event of age 2 is beyond the span
    assert pairs.presence == pytest.approx([0.5 + 1 / 3, 1.5, 1])
    assert pairs.counts.tolist() == [2, 2, 1]
    assert pairs.last.tolist() == [0, 0, 0]


@pytest.mark.parametrize("sparse", [False, True])
def test_best_are_the_top_of_all_scores(sparse: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.engine.recipes.scoring.TILE_COLUMNS", 32)  # several tiles
    random = np.random.default_rng(1)
    weights = random.normal(size=(N_ITEMS, N_ITEMS)).astype(np.float32)
    weights[random.random(weights.shape) < 0.9] = 0
    pairs = pairs_of(shop(), N_ITEMS)
    own, prior = random.random(len(pairs.items)).astype(np.float32), np.linspace(2, 1, N_ITEMS, dtype=np.float32) / 1000
    given = (pairs, own, 0.3, sp.csr_matrix(weights) if sparse else weights, prior)
    scores = scores_of(*given)
    items, shares = best(*given, 25)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert np.take_along_axis(scores, items, axis=1) == pytest.approx(shares, rel=1e-4)
    expected = np.take_along_axis(scores, top(scores, 25), axis=1)
    assert shares == pytest.approx(expected, rel=1e-4)
    assert (items == top(scores, 25)).mean() > 0.999  # but for scores that differ by rounding only


@pytest.mark.parametrize("sparse", [False, True])
def test_equal_scores_are_listed_by_column(sparse: bool) -> None:
    nothing = np.zeros((N_ITEMS, N_ITEMS), np.float32)
    pairs = pairs_of(shop().take(np.array([-1])), N_ITEMS)
    prior = np.tile(np.array([1, 2, 2, 1, 3], np.float32), N_ITEMS // 5)
    items, _ = best(pairs, np.empty(0, np.float32), 1.0, sp.csr_matrix(nothing) if sparse else nothing, prior, 200)
    assert items[0].tolist() == np.argsort(-prior, kind="stable")[:200].tolist()


def test_lists_longer_than_the_catalogue_are_the_catalogue(model: UserPersonalization, training: Training) -> None:
    ranked = model.rank(training.histories.take(np.array([0, -1])), 10_000)
    assert sorted(ranked.items[0].tolist()) == sorted(ranked.items[1].tolist()) == [*range(N_ITEMS)]


def test_model_ranks_as_numpy_would(model: UserPersonalization, training: Training) -> None:
    histories = training.histories
    plain = replace(model, blend={"next": 0.0, "familiar": 1.0, "own": 0.0}, power=0.0, span=10_000)
    taken = histories.binary(N_ITEMS).toarray().astype(np.float64)
    inverse = np.linalg.inv(taken.T @ taken + RIDGE * np.eye(N_ITEMS))
    weights = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    events = histories.matrix(N_ITEMS, np.ones(len(histories.items))).toarray()
    preference = np.maximum(events @ weights, 0) + plain.prior
    ranked = plain.rank(histories, 10).items
    of_ranked = np.take_along_axis(preference, ranked, axis=1)
    assert of_ranked == pytest.approx(np.take_along_axis(preference, top(preference, 10), axis=1), rel=1e-3)


def test_users_without_history_get_popular_items(model: UserPersonalization, training: Training) -> None:
    users = np.bincount(training.histories.binary(N_ITEMS).indices, minlength=N_ITEMS)
    ranked = model.rank(training.histories.take(np.array([-1])), 10)
    assert users[ranked.items[0]].tolist() == sorted(users.tolist(), reverse=True)[:10]
    assert ranked.scores is not None
    assert (ranked.scores > 0).all()


def test_repeats_learn_what_is_taken_again() -> None:
    """Item 0 is taken every time, item 1 every other time; the rest are taken once and never again."""
    rows = [item for _ in range(80) for n in range(20) for item in ([0, 1, 10 + n] if n % 2 else [0, 10 + n])]
    moments = [n for _ in range(80) for n in range(20) for _ in range(3 if n % 2 else 2)]
    starts = np.arange(81) * (len(rows) // 80)
    histories = Histories(
        starts, np.array(rows, np.int32), np.array(moments, np.int32), np.ones(len(rows), np.float32), np.array(moments)
    )
    learnt = repeats(histories, 40)
    assert len(_cases(histories, 40).items) > 5 * len(pairs_of(histories, 40).items)  # of nine tenths, not of one
    pairs = pairs_of(histories.take(np.array([0])), 40)
    rates = learnt.of(pairs)[np.argsort(pairs.items)]
    assert rates[0] > 0.8
    assert rates[0] > 1.5 * rates[2:].max()
    assert learnt.loyalty[0] > 1 > learnt.loyalty[25]


def test_cases_are_the_pairs_before_a_cut_and_say_which_came_again() -> None:
    histories = shop()
    newest = histories.newest()
    earlier, later = histories.keep(~newest), histories.keep(newest)
    pairs = pairs_of(earlier, N_ITEMS)
    cases = _round(histories, histories.newest_from(histories.starts[1:]), histories.starts[1:], N_ITEMS)
    assert cases.items.tolist() == pairs.items.tolist()
    taken = {*zip(later.users.tolist(), later.items.tolist(), strict=True)}
    asked = zip(pairs.users.tolist(), pairs.items.tolist(), strict=True)
    assert cases.again.tolist() == [pair in taken for pair in asked]
    assert 0 < cases.again.sum() < len(cases.again)
    shape = (PRESENCE_STEPS, len(STEPS), len(STEPS))
    presence, count, last = np.unravel_index(cases.kinds, shape)
    assert STEPS[count].tolist() == [STEPS[n >= STEPS].max() for n in pairs.counts.tolist()]
    assert STEPS[last].tolist() == [STEPS[n >= STEPS].max() for n in pairs.last.tolist()]
    assert presence.tolist() == np.floor(2 * np.log2(pairs.presence) + PRESENCE_STEPS // 2).astype(int).tolist()


def test_newest_never_cuts_an_order_in_two() -> None:
    histories = shop()
    assert histories.has_orders
    newest = histories.newest()
    order = histories.users * 1_000 + histories.moments
    assert not np.intersect1d(order[newest], order[~newest]).size
    single = replace(histories, moments=(np.arange(len(histories.items)) - histories.starts[histories.users]))
    assert not single.has_orders
    assert np.bincount(single.users[single.newest()]).tolist() == np.ceil(single.lengths / 10).astype(int).tolist()


def test_tuning_takes_the_best_blend_and_others_may_follow(model: UserPersonalization, training: Training) -> None:
    rows = split_users(training.histories, 0).validation
    validation = next_examples(training.histories, rows)
    tuned = model.tuned(validation)
    hit = {name: _hits(blend, validation) for name, blend in (("default", model), ("tuned", tuned))}
    assert hit["tuned"] >= hit["default"]
    assert model.like(tuned).blend == tuned.blend


def taste_of(mix: dict[str, float], model: UserPersonalization, training: Training) -> Any:
    return UserPersonalization.refitted(replace(model, mix=mix), training, {}).weights


def learn_and_validate(training: Training) -> tuple[Training, Examples]:
    split = split_users(training.histories, 0)
    learnt = training.only(training.histories.take(split.train))
    return learnt, next_examples(training.histories, split.validation)


@pytest.mark.parametrize("limit", [16_000, 10], ids=["dense", "sparse"])
def test_the_choice_is_the_best_of_all_tastes(limit: int, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste, "MAX_DENSE_ITEMS", limit)
    monkeypatch.setattr(user_personalization, "MIN_GAIN", 0.0)
    learnt, validation = learn_and_validate(training)
    fixed = UserPersonalization.fit(learnt, {}).tuned(validation)
    candidates = [fixed, *fixed._tastes(learnt, {}, validation)]
    names = [tuple(name for name in candidate.mix if name != "scale") for candidate in candidates]
    assert (("ease",) in names) == (limit == 16_000)
    assert len(names) == len(NAMES[limit]) + len(SHARES)
    assert {*names[: len(NAMES[limit])]} == NAMES[limit]
    chosen = UserPersonalization.chosen(learnt, {}, validation)
    assert chosen.worth(validation) >= max(candidate.worth(validation) for candidate in candidates)
    assert sum(chosen.mix.get(name, 0) for name in ("ease", "cosine", "rp3beta")) == pytest.approx(1)
    assert sp.issparse(chosen.refitted(training, {}).weights) == (limit == 10)


def test_the_fixed_recipe_stays_unless_it_is_clearly_beaten(
    training: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt, validation = learn_and_validate(training)
    monkeypatch.setattr(user_personalization, "MIN_GAIN", 20.0)
    assert UserPersonalization.chosen(learnt, {}, validation).mix == taste.fixed_mix(N_ITEMS)
    monkeypatch.setattr(user_personalization, "MIN_GAIN", -20.0)
    won = UserPersonalization.chosen(learnt, {}, validation)
    assert won.mix["recent"] == 1
    assert won.mix.get("ease", 0.0) < 1


def test_a_winner_is_learnt_again_as_it_was_mixed(training: Training, model: UserPersonalization) -> None:
    n_taken = training.histories.binary(N_ITEMS)
    near = rp3beta(n_taken, MAX_NEIGHBOURS)
    mix = {"ease": 0.25, "rp3beta": 0.75, "scale": taste.mass(model.weights)}
    expected = 0.25 * model.weights + 0.75 * near.toarray() * (taste.mass(model.weights) / taste.mass(near))
    assert taste_of(mix, model, training) == pytest.approx(expected, abs=1e-5)
    assert taste.mass(taste_of({"rp3beta": 1.0, "scale": 3.0}, model, training)) == pytest.approx(3, rel=1e-4)
    again = replace(model, mix=mix, blend={**model.blend, "own": 3.0}).refitted(training, {})
    assert (again.mix, again.blend["own"]) == (mix, 3.0)
    assert again.choices["share_of_rp3beta"] == 0.75
    assert again.choices["weight_of_own"] == 3.0


def test_recent_popularity_halves_with_age() -> None:
    starts, times = np.array([0, 2, 3]), np.array([0, HALF_LIFE, HALF_LIFE])
    histories = Histories(starts, np.array([0, 1, 1], np.int32), np.array([0, 1, 0]), np.ones(3, np.float32), times)
    assert recent_popularity(histories, 3).tolist() == [0.5, 2, 0]


def _hits(model: UserPersonalization, validation: Examples) -> int:
    truths = validation.truths
    ranked = model.rank(validation.queries, 25).items
    true = {(user, item) for user, item in zip(truths.users.tolist(), truths.items.tolist(), strict=True)}
    return sum((user, item) in true for user, row in enumerate(ranked.tolist()) for item in row)


def test_hyperparameters_do_what_they_say(training: Training, model: UserPersonalization) -> None:
    fine = UserPersonalization.fit(training, {"hidden_dimension": "256"})
    assert np.abs(fine.weights).sum() > np.abs(model.weights).sum()
    assert UserPersonalization.fit(training, {"bptt": "2"}).span == 2
    assert UserPersonalization.fit(training, {"recency_mask": "False"}).power == 0
    assert UserPersonalization.fit(training, {"apply_recency_bias": "false"}).power == 0
    short = UserPersonalization.fit(training, {"max_user_history_length_percentile": "0.5"})
    assert not np.allclose(short.weights, model.weights)


def test_objective_lifts_rewarding_items(training: Training, model: UserPersonalization) -> None:
    margins = Attributes(training.items.ids, {"MARGIN": np.arange(N_ITEMS, dtype=np.float64)})
    leaning = UserPersonalization.fit(
        replace(training, items=margins), {"itemAttribute": "MARGIN", "objectiveSensitivity": "HIGH"}
    )
    histories = training.histories
    assert leaning.rank(histories, 10).items.mean() > model.rank(histories, 10).items.mean() + 20
    assert leaning.scores(histories).sum(axis=1) == pytest.approx(1, abs=1e-4)


def test_items_that_nobody_took_are_known_by_their_attributes() -> None:
    histories = shop()
    tastes = np.append(np.arange(N_ITEMS) % 10, [3])
    kinds = Texts(tastes.astype(np.int32), tuple(f"kind {n}" for n in range(10)))
    items = Attributes(np.array([f"i{n:05}".encode() for n in range(N_ITEMS + 1)]), {"KIND": kinds})
    model = UserPersonalization.fit(training_of(histories, N_ITEMS + 1, items), {})
    users = histories.take(np.arange(100))
    new = model.scores(users)[:, N_ITEMS]
    assert new[3::10].mean() > 2 * np.delete(new, np.s_[3::10]).mean()


@pytest.mark.parametrize("limit", [16_000, 10], ids=["dense", "sparse"])
def test_extended_model_keeps_what_it_learnt(limit: int, training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste, "MAX_DENSE_ITEMS", limit)
    model = UserPersonalization.fit(training, {})
    histories = training.histories
    places = np.arange(N_ITEMS) * 2  # every second item is new
    moved = replace(histories, items=(histories.items * 2).astype(np.int32))
    extended = model.extended(places, training_of(moved, 2 * N_ITEMS))
    assert (extended.rank(moved, 10).items == 2 * model.rank(histories, 10).items).mean() > 0.99
    gone = np.where(np.arange(N_ITEMS) < 5, -1, places)
    assert model.extended(gone, training_of(moved, 2 * N_ITEMS)).weights.shape == (2 * N_ITEMS, 2 * N_ITEMS)


def test_many_items_take_sparse_weights(training: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taste, "MAX_DENSE_ITEMS", 10)
    model = UserPersonalization.fit(training, {})
    assert sp.issparse(model.weights)
    scores = model.scores(training.histories)
    assert scores.sum(axis=1) == pytest.approx(1, abs=1e-4)
    assert (model.rank(training.histories, 25).items == top(scores, 25)).mean() > 0.99


def test_little_memory_takes_sparse_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    assert taste.fits_dense(16_000) == (memory.available_bytes() > 4 * 16_000**2 / 0.15)  # type: ignore[operator]
    monkeypatch.setattr(taste, "available_bytes", lambda: 10**9)
    assert not taste.fits_dense(16_000)
    assert taste.fits_dense(4_000)


def test_what_does_not_fit_is_refused_with_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 2 * 10**9)
    memory.check_fits(10**9, "This")
    with pytest.raises(JobFailed, match=r"This needs about 3\.5 GB of memory and 2\.0 GB are available"):
        memory.check_fits(3_500_000_000, "This")


def test_cosine_and_rp3beta_are_as_written_in_numpy(training: Training) -> None:
    taken = training.histories.binary(N_ITEMS)
    dense = taken.toarray().astype(np.float64)
    shared, users, steps = dense.T @ dense, dense.sum(axis=0), dense.sum(axis=1)
    expected = np.where(shared >= 2, shared / np.sqrt(np.outer(users, users)), 0)
    np.fill_diagonal(expected, 0)
    assert cosine(taken, N_ITEMS).toarray() == pytest.approx(expected, abs=1e-5)
    walked = (dense / steps[:, None]).T @ dense / users[:, None] / users**0.6
    np.fill_diagonal(walked, 0)
    assert rp3beta(taken, N_ITEMS).toarray() == pytest.approx(walked, abs=1e-5)
    nearest = cosine(taken, 5)
    assert (np.diff(nearest.indptr) <= 5).all()
    assert nearest.max(axis=1).toarray() == pytest.approx(expected.max(axis=1)[:, None], abs=1e-5)


def test_weights_of_ease_are_exact_in_single_precision(training: Training) -> None:
    taken = training.histories.binary(N_ITEMS)
    dense = taken.toarray().astype(np.float64)
    inverse = np.linalg.inv(dense.T @ dense + 10 * np.eye(N_ITEMS))
    expected = inverse / -np.diag(inverse)
    np.fill_diagonal(expected, 0)
    assert ease(taken, 10.0) == pytest.approx(expected, abs=1e-5)
