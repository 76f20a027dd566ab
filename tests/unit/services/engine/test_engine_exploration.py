from __future__ import annotations

from dataclasses import astuple

import numpy as np
import pytest

from services.engine.recipes.exploration import SECONDS_PER_DAY, curiosity, explore, falling, first_seen, young
from services.engine.recipes.histories import Histories
from services.engine.recipes.ranking import best, lift

RANKED = np.arange(20)
WORTH = np.concatenate([np.zeros(20), np.ones(30)])


def seeded(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_weight_zero_changes_nothing_and_draws_nothing() -> None:
    random = seeded()
    explored = explore(RANKED, WORTH, 0.0, random)
    assert explored.items is RANKED
    assert not explored.tried.any()
    assert random.random() == seeded().random()


def test_tries_take_their_share_of_places_and_the_others_keep_their_order() -> None:
    lists = [explore(RANKED, WORTH, 0.6, seeded(seed)) for seed in range(200)]
    share = np.mean([explored.tried.mean() for explored in lists])
    assert share == pytest.approx(0.3, abs=0.02)  # half of the weight
    for items, tried in map(astuple, lists):
        assert len(set(items.tolist())) == len(items) == 20
        assert (items[tried] >= 20).all()
        assert items[~tried].tolist() == list(range(20 - tried.sum()))


def test_one_seed_gives_one_list() -> None:
    first, again, other = (explore(RANKED, WORTH, 1.0, seeded(seed)) for seed in (3, 3, 4))
    assert first.items.tolist() == again.items.tolist() != other.items.tolist()


def test_fewer_candidates_than_places_leave_the_rest_as_it_was() -> None:
    worth = np.zeros(50)
    worth[30] = 1
    items, tried = astuple(explore(RANKED, worth, 1.0, seeded()))
    assert items[tried].tolist() == [30]
    assert items[~tried].tolist() == list(range(19))


def test_young_is_counted_back_from_the_newest_interaction() -> None:
    newest = 1_000_000_000.0
    born = newest - np.array([0, 29, 31, np.nan]) * SECONDS_PER_DAY
    assert young(born, newest, 30).tolist() == [True, True, False, True]


def test_items_that_few_took_and_that_suit_are_tried_first() -> None:
    worth = curiosity(np.array([0.4, 0.1, 0.4, 0.4]), np.array([0, 0, 9, 0]), np.array([True, True, True, False]))
    assert worth[0] > worth[1] > worth[2] > worth[3] == 0
    drawn = np.concatenate([explore(RANKED, WORTH * np.r_[np.ones(20), 9, np.ones(29)], 0.2, seeded(n)).items
                            for n in range(400)])  # fmt: skip
    counts = np.bincount(drawn, minlength=50)[20:]
    assert counts[0] > 4 * counts[1:].mean()


def test_first_seen_is_the_oldest_event_of_each_item() -> None:
    nothing = np.zeros(3, np.int32)
    histories = Histories(np.array([0, 2, 3]), np.array([1, 0, 1]), nothing, np.ones(3), np.array([30, 20, 10]))
    assert first_seen(histories, 3)[:2].tolist() == [20, 10]
    assert np.isnan(first_seen(histories, 3)[2])


def test_scores_with_tries_never_rise_down_the_list() -> None:
    assert falling(np.array([0.5, 0.01, 0.3, 0.2, 0.02])).tolist() == [0.5, 0.3, 0.3, 0.2, 0.02]


def test_best_leaves_out_what_must_not_be_an_answer() -> None:
    scores = np.array([0.2, -np.inf, 0.9, 0.9])
    assert best(scores, 9).tolist() == [2, 3, 0]
    assert best(scores, 1)[0] in (2, 3)
    assert best(scores, 0).tolist() == []


def test_lift_is_one_for_the_usual_and_careful_with_few_events() -> None:
    everybody = np.array([100.0, 100.0, 0.0])
    assert lift(everybody, everybody, 10.0)[:2] == pytest.approx(1, abs=0.01)
    few, many = lift(np.array([0.0, 1, 0]), everybody, 50.0), lift(np.array([0.0, 1_000, 0]), everybody, 50.0)
    assert 1 < few[1] < 1.1 < many[1] < 2.1
    assert (many > 0).all()
