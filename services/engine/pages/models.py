"""A model on the page of its solution version: figures, charts and a sample of its answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import digits

import numpy as np

from aisle import charts
from aisle.charts import Chart
from services.engine.data.ids import look_up
from services.engine.models.storage import TrainedModel
from services.engine.pages.entries import moment
from services.engine.recipes.histories import Ints
from services.engine.resources import Resource

#: The metrics in charts and in the columns of the overview, by short name.
PLOTTED = {
    "precision@10": "precision_at_10",
    "ndcg@10": "normalized_discounted_cumulative_gain_at_10",
    "mrr@25": "mean_reciprocal_rank_at_25",
}
LENGTH = 10
#: Places of the popularity curve at the most.
MAX_STEPS = 80


@dataclass(frozen=True, slots=True)
class Sample:
    """The model's answer for one id."""

    key: str
    asked: str
    known: bool
    answers: str
    scored: bool
    answer: Sequence[tuple[str, str]]
    history: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class ModelFacts:
    """A trained model on a page."""

    metrics: Sequence[tuple[str, str]]
    details: Sequence[tuple[str, str]]
    coverage: float | None
    popularity: Chart
    history: Chart | None
    sample: Sample | None

    @property
    def coverage_words(self) -> str:
        return f"{self.coverage or 0:.1%} of all items were recommended to at least one user"

    @classmethod
    def of(
        cls, version: Resource, versions: Sequence[Resource], trained: TrainedModel, asked: str | None
    ) -> ModelFacts:
        """Collect the facts about a model.

        versions  all versions of the solution, newest first
        asked     the id to show the answer for; None chooses one with many events
        """
        metrics = version.inner.get("metrics", {})
        interactions = trained.interactions
        return cls(
            figures(metrics), figures(version.inner.get("details", {})), metrics.get("coverage"),
            popularity_curve(np.bincount(interactions.histories.items, minlength=len(interactions.item_ids))),
            history_of(versions), sample_of(trained, asked),
        )  # fmt: skip


def figures(metrics: dict[str, float]) -> list[tuple[str, str]]:
    """Format metrics, in order of name and of the number in it: at 5 comes before at 10."""
    ordered = sorted(metrics.items(), key=lambda metric: (metric[0].rstrip(digits), len(metric[0]), metric[0]))
    return [(name.replace("_", " "), f"{value:.4f}") for name, value in ordered]


def history_of(versions: Sequence[Resource]) -> Chart | None:
    """Plot the metrics of a solution's versions, given newest first; None unless two versions have any."""
    measured = [version.inner["metrics"] for version in reversed(versions) if version.inner.get("metrics")]
    if len(measured) < 2:
        return None
    return metric_history(
        [{short: metrics[name] for short, name in PLOTTED.items() if name in metrics} for metrics in measured]
    )


def metric_history(metrics: Sequence[Mapping[str, float]]) -> Chart | None:
    """Draw metrics by version, oldest first; a version may lack some."""
    names = list(dict.fromkeys(name for of_version in metrics for name in of_version))
    values = {name: [of_version.get(name) for of_version in metrics] for name in names}
    known = {name: [value for value in history if value is not None] for name, history in values.items()}
    words = "; ".join(f"{name} from {history[0]:.4f} to {history[-1]:.4f}" for name, history in known.items())
    labels = [str(place) for place in range(1, len(metrics) + 1)]
    return charts.history(labels, values, f"{len(metrics)} versions, oldest first: {words}.", axis="version")


def popularity_curve(item_counts: Ints) -> Chart:
    """Draw the share of interactions by share of items; `item_counts` are interactions, shape (n_items,)."""
    shares = np.cumsum(np.sort(item_counts)[::-1]) / max(int(item_counts.sum()), 1)
    n_items = len(shares)
    places = np.unique(np.linspace(0, n_items - 1, MAX_STEPS).astype(int)) if n_items else np.empty(0, int)
    steps = [0.0, *((place + 1) / n_items for place in places.tolist())]
    tenth = float(shares[max(round(n_items / 10) - 1, 0)]) if n_items else 0.0
    series = {
        "share of interactions": [0.0, *shares[places].tolist()],
        "if all items were equally popular": steps,
    }
    words = f"The most popular tenth of {n_items:,} items has {tenth:.0%} of the interactions."
    return charts.curves(steps, series, words, axis="share of items, most popular first")


def sample_of(trained: TrainedModel, asked: str | None) -> Sample | None:
    """Return the answer for one id; None unless the model's question is a user or an item."""
    model, interactions = trained.model, trained.interactions
    ids = {"userId": interactions.user_ids, "itemId": interactions.item_ids}.get(model.input_key)
    if ids is None or not len(ids):
        return None
    name = asked or _busiest(trained)
    ranked = model.rank(trained.queries([name]), LENGTH)
    answer_ids = interactions.user_ids if model.answers == "users" else interactions.item_ids
    scores = ranked.scores[0].tolist() if ranked.scores is not None else [0.0] * LENGTH
    answer = [
        (answer_ids[number].decode(), f"{score:.7f}")
        for number, score in zip(ranked.items[0].tolist(), scores, strict=False)
    ]
    known = int(look_up(ids, [name])[0]) >= 0
    history = _history(trained, name) if model.input_key == "userId" else []
    return Sample(
        model.input_key,
        name,
        known,
        model.answers.capitalize().removesuffix("s"),
        ranked.scores is not None,
        answer,
        history,
    )


def _busiest(trained: TrainedModel) -> str:
    """Return the id with the most events, whose answer shows most of what the model can do."""
    histories = trained.interactions.histories
    if trained.model.input_key == "userId":
        return str(trained.interactions.user_ids[int(np.argmax(histories.lengths))].decode())
    n_items = len(trained.interactions.item_ids)
    return str(trained.interactions.item_ids[int(np.argmax(np.bincount(histories.items, minlength=n_items)))].decode())


def _history(trained: TrainedModel, user_id: str) -> list[tuple[str, str]]:
    events = trained.queries([user_id])
    newest = slice(None, -LENGTH - 1, -1)
    items, times = events.items[newest].tolist(), events.times[newest].tolist()
    names = trained.interactions.item_ids
    return [(names[item].decode(), moment(seconds)) for item, seconds in zip(items, times, strict=True)]
