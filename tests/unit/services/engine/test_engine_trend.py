from __future__ import annotations

import numpy as np
import pytest

from services.engine.data.attributes import Attributes
from services.engine.data.interactions import Interactions
from services.engine.data.training import Training
from services.engine.metrics import trend_prediction_accuracy
from services.engine.models.popularity_count import PopularityCount
from services.engine.models.storage import single_items
from services.engine.models.trending_now import SECONDS, TrendingNow
from services.engine.recipes.histories import Histories
from services.engine.recipes.trend import growth, interval_counts

HOUR = 3_600
NOBODY = single_items(np.array([-1]))


def training_of(events: list[tuple[int, float]], n_items: int) -> Training:
    """Every (item, hour) is one event of a user of its own."""
    items = np.array([item for item, _ in events], np.int32)
    times = np.array([hour * HOUR for _, hour in events]).astype(np.int64)
    history = Histories(
        np.arange(len(events) + 1), items, np.zeros(len(events), np.int32), np.ones(len(events), np.float32), times
    )
    ids = np.array([f"{n:06d}" for n in range(max(n_items, len(events)))], np.bytes_)
    return Training(
        Interactions(ids[: len(events)], ids[:n_items], history), Attributes(ids[:n_items]), Attributes(ids)
    )


def test_intervals_end_with_the_newest_event_and_growth_fades_backward() -> None:
    events = training_of([(0, 0.5), (1, 1.5), (1, 1.9), (2, 3.0), (0, 3.9), (0, 4.0)], 3).histories
    counts = interval_counts(events, 3, 4.0 * HOUR, HOUR, 4)
    assert counts.tolist() == [[1, 0, 0], [0, 2, 0], [0, 0, 1], [2, 0, 0]]
    assert growth(counts).tolist() == pytest.approx([(2 + 0 - 0.25) / 1.75, (-1 + 0.5) / 1.75, (-1 + 0.5) / 1.75])


def test_what_grows_comes_before_what_is_popular() -> None:
    steady = [(0, hour + part) for hour in range(8) for part in (0.1, 0.3, 0.5, 0.7, 0.9)]
    rising = [(1, 7 + part / 10) for part in range(6)]
    ranked = TrendingNow.fit(training_of([*steady, *rising, (2, 1)], 3), {}).rank(NOBODY, 3).items[0]
    assert ranked.tolist() == [1, 0, 2]


def test_length_of_the_interval_decides_what_a_trend_is() -> None:
    # Item 1 rose over a day and rests in the last hours; item 2 rose in the last half hour alone.
    people = training_of([(1, 30 + n / 10) for n in range(20)] + [(2, 47.8), (2, 47.9), (2, 48.0)], 3)
    of = lambda frequency: TrendingNow.fit(people, {"trend_discovery_frequency": frequency}).rank(NOBODY, 1).items[0, 0]  # noqa: E731
    assert (of("30 minutes"), of("1 day")) == (2, 1)
    assert len(SECONDS) == 5


def test_empty_intervals_give_the_popular_list() -> None:
    people = training_of([(2, 1), (2, 2), (1, 3), (0, 1_000_000)], 3)
    times = people.histories.times
    old = people.only(people.histories.keep(times < times.max()))
    popular = PopularityCount.fit(old, {}).rank(NOBODY, 3).items
    from services.engine.models.trending_now import trends

    late = trends(old.histories, 3, HOUR, 1_000_000 * HOUR)
    assert np.argsort(-late).tolist() == popular[0].tolist() == [2, 1, 0]


def test_accuracy_is_the_growth_that_was_foreseen() -> None:
    grown = np.array([4.0, 2.0, -3.0, 0.0])
    assert trend_prediction_accuracy(np.array([0, 1]), grown) == 1
    assert trend_prediction_accuracy(np.array([1, 3]), grown) == pytest.approx(2 / 6, abs=1e-4)
    assert trend_prediction_accuracy(np.array([2, 3]), grown) == 0
    assert trend_prediction_accuracy(np.array([2, 3]), np.zeros(4)) == 0


def test_metric_looks_one_interval_ahead_of_what_the_model_saw() -> None:
    # Item 1 doubles every two hours, so its growth up to the last interval foretells the last.
    doubling = [(1, 2 * step + part / 100) for step in range(1, 6) for part in range(1, 2**step + 1)]
    noise = [(item, hour) for item in range(2, 30) for hour in (1, 3, 5, 7, 9, 11)]
    metrics = TrendingNow.own_metrics(training_of([*doubling, *noise], 30), {})
    assert metrics == {"trend_prediction_accuracy": 1.0}
