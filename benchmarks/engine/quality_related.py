"""Quality of related items, segments and trends compared with simple baselines, on files the service was measured on.

    python -m benchmarks.engine.quality_related [--datasets /path/to/datasets] [--folds 10] [--hpo]

Related items   MovieLens-small as events. Users in folds; the model is trained on the users of the other folds; of each
                user of the fold the oldest nine tenths are the history, the newest tenth the truth. The query is the
                newest item of the history, or the newest three. "item left out" leaves only the query out of the list,
                as the service and the engine do; "seen left out" leaves out all items of the user.
Segments        retail demo store. The oldest four fifths of every user's events are for training; the users who take an
                item in the newest fifth are the truth, the list is the first hundredth of all users. Items in folds.
NDCG is the service's, against the list of 25 sorted again, unless called textbook. Prints mean ± standard deviation
over folds and writes benchmarks/results/engine_quality_related.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp

from services.engine.catalogue import RECIPES
from services.engine.data.attributes import Attributes
from services.engine.data.interactions import EventSelection, load_interactions
from services.engine.data.training import Training
from services.engine.hpo import Search, best_options
from services.engine.metrics import (
    Examples,
    evaluate,
    evaluate_segments,
    evaluate_textbook,
    examples,
    segment_examples,
    segment_size,
)
from services.engine.models import MODELS
from services.engine.models.evaluation import evaluate_model
from services.engine.models.storage import single_items
from services.engine.recipes.affinity import affinity
from services.engine.recipes.bm25 import item_saturation, user_information
from services.engine.recipes.cooccurrence import cooccurrence
from services.engine.recipes.ease import ease
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.popularity import popularity
from services.engine.recipes.ranking import top

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "engine_quality_related.json"
SEED = 0
LENGTH = 25
SHOWN = {
    "mean_reciprocal_rank_at_25": "MRR",
    "normalized_discounted_cumulative_gain_at_5": "NDCG@5",
    "normalized_discounted_cumulative_gain_at_10": "NDCG@10",
    "normalized_discounted_cumulative_gain_at_25": "NDCG@25",
    "textbook_normalized_discounted_cumulative_gain_at_25": "textbook NDCG@25",
    "precision_at_5": "P@5",
    "precision_at_25": "P@25",
    "coverage": "coverage",
    "hits_at_1_percent": "hits@1 %",
    "recall_at_1_percent": "recall@1 %",
    "trend_prediction_accuracy": "trend accuracy",
}

Figures = dict[str, float]
#: Rows of scores of all items for some items, from a model of the training users.
Scorer = Callable[[Ints], Floats]


def load(folder: Path) -> Training:
    """Load a data set as an import does: times in whole seconds, ties in file order."""
    table = pq.read_table(folder / "interactions.parquet", columns=["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"])
    times = table["TIMESTAMP"].cast(pa.float64()).cast(pa.int64())
    items = Attributes.of_table(pq.read_table(folder / "items.parquet"), "ITEM_ID")
    with TemporaryDirectory() as scratch:
        part = Path(scratch) / "part.parquet"
        pq.write_table(table.set_column(table.schema.get_field_index("TIMESTAMP"), "TIMESTAMP", times), part)
        interactions = load_interactions([part], EventSelection(), items.ids)
    return Training(interactions, items.align(interactions.item_ids), Attributes(interactions.user_ids))


def folds(rows: Ints, n_folds: int) -> list[Ints]:
    return [np.sort(part) for part in np.array_split(np.random.default_rng(SEED).permutation(rows), n_folds)]


def related_scorers(training: Training) -> Iterator[tuple[str, Scorer]]:
    """Yield the models to compare, each trained."""
    histories, n_items = training.histories, training.n_items
    interactions = histories.binary(n_items)
    users = popularity(histories, n_items)
    yield "popularity", lambda items: np.tile(users, (len(items), 1))
    cosine = cooccurrence(interactions, popularity_discount=0.0, min_cointeractions=1)
    yield "cosine", lambda items: cosine[items].toarray()
    saturated = sp.diags_array(np.sqrt(user_information(interactions))) @ interactions
    saturated = saturated @ sp.diags_array(item_saturation(np.asarray(interactions.sum(axis=0)).ravel()))
    bm25 = sp.csr_matrix(saturated.T @ saturated)
    yield "BM25", lambda items: bm25[items].toarray()
    weights = ease(interactions, 300.0)
    yield "EASE rows", lambda items: weights[items]
    for recipe in ("aws-sims", "aws-similar-items"):
        model = MODELS[recipe].fit(training, {})
        yield recipe, lambda items, model=model: model.scores(single_items(items))  # type: ignore[misc]


def newest(queries: Histories, n_newest: int) -> list[Ints]:
    """Return the newest distinct items of each history, newest first."""
    newest_items = []
    for row in range(len(queries)):
        items = queries.items[queries.starts[row] : queries.starts[row + 1]][::-1]
        _, first = np.unique(items, return_index=True)
        newest_items.append(items[np.sort(first)[:n_newest]])
    return newest_items


def related_lists(score: Scorer, test: Examples, n_newest: int, *, leave_out_seen: bool) -> Ints:
    """Return the lists for the users of a fold; the scores of several query items are added, the newest counts most."""
    asked = newest(test.queries, n_newest)
    rows = []
    for row, items in enumerate(asked):
        given = np.array(score(items), np.float64)
        own = np.where(np.isfinite(given), given, 0.0)
        total = (own / (1 + np.arange(len(items)))[:, None]).sum(axis=0)
        start, end = test.queries.starts[row : row + 2]
        total[test.queries.items[start:end] if leave_out_seen else items] = -np.inf
        rows.append(top(total[None, :], LENGTH)[0])
    return np.array(rows)


def related_items(training: Training, n_folds: int) -> dict[str, list[Figures]]:
    histories, n_items = training.histories, training.n_items
    figures: dict[str, list[Figures]] = {}
    for rows in folds(np.flatnonzero(histories.lengths >= 2), n_folds):
        train = training.only(histories.take(np.setdiff1d(np.arange(len(histories)), rows)))
        test = examples(histories, rows)
        for name, score in related_scorers(train):
            for n_newest, seen in ((1, False), (1, True), (3, False), (3, True)):
                ranked = related_lists(score, test, n_newest, leave_out_seen=seen)
                measured = evaluate(ranked, test.truths, n_items) | evaluate_textbook(ranked, test.truths, n_items)
                asked = "newest item" if n_newest == 1 else "newest three"
                key = f"{name}, {asked}, {'seen' if seen else 'item'} left out"
                figures.setdefault(key, []).append(measured)
    return figures


def segments(training: Training, n_folds: int) -> dict[str, list[Figures]]:
    divided = segment_examples(training.histories)
    learnt, later = divided.queries, divided.truths
    n_items = training.n_items
    takers = later.binary(n_items).T.tocsr()
    counts = learnt.matrix(n_items, np.ones(len(learnt.items)))
    taken, nothing = learnt.binary(n_items), learnt.binary(n_items) * 0
    weights = ease(taken, 300.0)
    affine = MODELS["aws-item-affinity"].fit(training.only(learnt), {})
    busy = np.asarray(counts.sum(axis=1)).ravel()
    scorers: dict[str, Callable[[Histories], Floats]] = {
        "busiest users": lambda queries: np.tile(busy, (len(queries), 1)),
        "purchase count": lambda queries: np.asarray((counts @ queries.binary(n_items).T).T.toarray()),
        "EASE transposed": lambda queries: affinity(nothing, taken, queries.binary(n_items), weights),
        "aws-item-affinity": affine.scores,
    }
    figures: dict[str, list[Figures]] = {}
    for items in folds(np.flatnonzero(np.diff(takers.indptr)), n_folds):
        for name, score in scorers.items():
            ranked = top(score(single_items(items)), segment_size(len(learnt)))
            figures.setdefault(name, []).append(evaluate_segments(ranked, takers[items]))
    return figures


def popular_and_trending(training: Training, n_seeds: int) -> dict[str, list[Figures]]:
    """Compute the metrics of GetSolutionMetrics over several splits."""
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "aws-popularity-count": ("aws-popularity-count", {}),
        "aws-trending-now, 2 hours": ("aws-trending-now", {}),
        "aws-trending-now, 1 day": ("aws-trending-now", {"trend_discovery_frequency": "1 day"}),
    }
    return {
        name: [evaluate_model(MODELS[recipe], training, options, seed).metrics for seed in range(n_seeds)]
        for name, (recipe, options) in asked.items()
    }


def searched(training: Training, recipe: str, n_seeds: int) -> dict[str, list[Figures]]:
    """Measure a recipe with and without performHPO; the search sees validation users, the figures are of test users."""
    figures: dict[str, list[Figures]] = {f"{recipe}, as it is": [], f"{recipe}, performHPO": []}
    for seed in range(n_seeds):
        search = Search.of({}, RECIPES[recipe].algorithm.hyperparameters)
        tuned = best_options(MODELS[recipe], training, {}, search, seed)
        for name, options in zip(figures, ({}, tuned), strict=True):
            figures[name].append(evaluate_model(MODELS[recipe], training, options, seed).metrics)
    return figures


def summary(figures: Mapping[str, list[Figures]]) -> dict[str, dict[str, dict[str, float]]]:
    """Return mean and spread of each figure of each row."""
    return {
        name: {
            key: {"mean": round(float(np.mean(values)), 4), "spread": round(float(np.std(values)), 4)}
            for key in folds_of_row[0]
            for values in [[measured[key] for measured in folds_of_row]]
        }
        for name, folds_of_row in figures.items()
    }


def show(title: str, table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    keys = [key for key in SHOWN if any(key in row for row in table.values())]
    print(f"\n{title}\n\n| | {' | '.join(SHOWN[key] for key in keys)} |\n|---|{'---|' * len(keys)}")
    for name, row in table.items():
        cells = [f"{row[key]['mean']:.3f} ± {row[key]['spread']:.3f}" if key in row else "" for key in keys]
        print(f"| {name} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=Path, default=ROOT.parent / "shared" / "datasets")
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--hpo", action="store_true", help="also with and without performHPO (minutes)")
    given = parser.parse_args()
    films, shop = (load(given.datasets / name) for name in ("movielens_small_events", "retail_demo_store"))
    tables: dict[str, Any] = {
        "Related items, MovieLens-small": summary(related_items(films, given.folds)),
        "Segments, retail demo store": summary(segments(shop, given.folds)),
        "Popular and trending, retail demo store": summary(popular_and_trending(shop, given.folds)),
    }
    if given.hpo:
        for recipe, training in (
            ("aws-sims", films),
            ("aws-similar-items", films),
            ("aws-user-personalization", films),
        ):
            tables[f"{recipe} searched, MovieLens-small"] = summary(searched(training, recipe, 3))
    for title, table in tables.items():
        show(title, table)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"folds": given.folds, "seed": SEED, "tables": tables}, indent=1) + "\n")


if __name__ == "__main__":
    main()
