"""Quality of personal recommendations compared with simple baselines, on the service's files and on real orders.

    python -m benchmarks.engine.quality [--datasets /path/to/datasets] [--folds 10] [--only movielens …]
    python -m benchmarks.engine.quality --folds 3 --only half-hpo                  # the effect of performHPO

MovieLens-small as events, retail demo store, a random half of its items
    Users in folds. The engine is trained on the users of the other folds, a tenth of whom are for the choice of
    settings; each user's oldest nine tenths are the query, the newest tenth the truth. The same users rank given items
    (the 37 most popular) as aws-personalized-ranking does.
Online Retail
    Orders. The newest tenth of each customer's orders is the truth; the orders before are for training. Mean and spread
    are over folds of customers.
Known items are not filtered. NDCG is the service's, against the list of 25 sorted again, unless called textbook.
Prints mean ± standard deviation over folds and writes benchmarks/results/engine_quality.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import scipy.sparse as sp
from scipy.sparse.linalg import norm

from benchmarks.engine.quality_related import LENGTH, ROOT, Figures, folds, load, show, summary
from services.engine.catalogue import RECIPES
from services.engine.data.attributes import Attributes
from services.engine.data.interactions import EventSelection, Interactions, load_interactions
from services.engine.data.training import Training
from services.engine.hpo import Search, best_options
from services.engine.metrics import Examples, evaluate, evaluate_textbook, examples, next_examples
from services.engine.models.model import Model
from services.engine.models.user_personalization import UserPersonalization
from services.engine.recipes.ease import ease
from services.engine.recipes.histories import Floats, Histories, Ints
from services.engine.recipes.neighbourhood import cosine, rp3beta
from services.engine.recipes.pairs import pairs_of
from services.engine.recipes.popularity import popularity
from services.engine.recipes.ranking import top

RESULTS = ROOT / "benchmarks" / "results" / "engine_quality.json"
DEFAULT_DATASETS = ROOT.parent / "shared" / "datasets"
HALF_SEED, SPLIT_SEED = 0, 20
RANKED_ITEMS = 37
#: Factor model of Hu, Koren and Volinsky 2008.
FACTORS, ROUNDS, CONFIDENCE, RIDGE = 64, 10, 10.0, 0.1
#: Next-basket baseline of Hu et al. 2020: groups of baskets, decays within and over groups, neighbours, own share.
GROUP, WITHIN, ACROSS, NEIGHBOURS, OWN_SHARE = 7, 0.9, 0.7, 300, 0.7


def baselines(learnt: Histories, n_items: int, queries: Histories, *, orders: bool) -> Iterator[tuple[str, Floats]]:
    """Yield simple models and their scores of all items for the queries."""
    taken, asked = learnt.binary(n_items), queries.binary(n_items)
    users = popularity(learnt, n_items)
    tie = users / (1e6 * users.max())
    yield "popularity", np.tile(users, (len(queries), 1))
    recent = np.bincount(learnt.items, 0.5 ** ((learnt.times.max() - learnt.times) / (30 * 86_400)), n_items)
    yield "popularity, recent", np.tile(recent, (len(queries), 1))
    pairs = pairs_of(queries, n_items)
    yield "repeat last seen", dense(pairs.matrix(1 / (1 + pairs.last), n_items)) + tie
    yield "personal frequency", dense(queries.matrix(n_items, np.ones(len(queries.items)))) + tie
    yield "EASE", dense(asked @ ease(taken, 300.0))
    yield "item kNN, cosine", dense(asked @ cosine(taken, 100, min_shared=1))
    yield "RP3beta", dense(asked @ rp3beta(taken, 200))
    yield "ALS", als(taken, asked)
    if orders:
        yield "TIFU-kNN", tifu_knn(learnt, queries, n_items)


def als(taken: sp.csr_matrix, asked: sp.csr_matrix) -> Floats:
    """Score with implicit ALS, with the users of the queries folded in."""
    items: Floats = np.random.default_rng(0).normal(0, 0.1, (taken.shape[1], FACTORS))
    by_item = sp.csr_matrix(taken.T)
    for _ in range(ROUNDS):
        items = als_step(by_item, als_step(taken, items))
    return als_step(asked, items) @ items.T


def als_step(taken: sp.csr_matrix, fixed: Floats) -> Floats:
    gram = fixed.T @ fixed + RIDGE * np.eye(FACTORS)
    solved = np.zeros((taken.shape[0], FACTORS))
    for row in range(taken.shape[0]):
        own = fixed[taken.indices[taken.indptr[row] : taken.indptr[row + 1]]]
        solved[row] = np.linalg.solve(gram + CONFIDENCE * own.T @ own, (1 + CONFIDENCE) * own.sum(axis=0))
    return solved


def tifu_knn(learnt: Histories, queries: Histories, n_items: int) -> Floats:
    """Score by personal frequency, which decays within and over groups of baskets, mixed with the nearest users'."""
    everyone, own = personal_frequency(learnt, n_items), personal_frequency(queries, n_items)
    unit = [sp.diags_array(1 / np.maximum(norm(part, axis=1), 1e-12)) @ part for part in (everyone, own)]
    near = top(dense(unit[1] @ unit[0].T), NEIGHBOURS)
    rows = np.repeat(np.arange(len(queries)), near.shape[1])
    mean = sp.csr_matrix((np.full(near.size, 1 / near.shape[1]), (rows, near.ravel())), (len(queries), len(learnt)))
    return dense(OWN_SHARE * own + (1 - OWN_SHARE) * (mean @ everyone))


def personal_frequency(histories: Histories, n_items: int) -> sp.csr_matrix:
    groups, places = histories.ages // GROUP, histories.ages % GROUP
    n_groups = np.ceil((histories.moments + histories.ages + 1) / GROUP)
    return histories.matrix(n_items, WITHIN**places * ACROSS**groups / (GROUP * n_groups))


def dense(scores: Any) -> Floats:
    return np.asarray(scores.toarray() if sp.issparse(scores) else scores)


def engine(training: Training, learners: Ints, *, searches: bool = False) -> Model:
    """Train user-personalization as CreateSolutionVersion does: a tenth of the users is for the choice of settings.

    searches  whether to search hyperparameters first, as with performHPO
    """
    histories, options = training.histories, dict[str, str]()
    if searches:
        search = Search.of({}, RECIPES["aws-user-personalization"].algorithm.hyperparameters)
        learners_alone = training.only(histories.take(learners))
        options = best_options(UserPersonalization, learners_alone, {}, search, SPLIT_SEED)
    drawn = np.random.default_rng(SPLIT_SEED).permutation(learners[histories.lengths[learners] >= 2])
    held_out = np.sort(drawn[: max(len(drawn) // 10, 1)])
    known = training.only(histories.take(np.setdiff1d(learners, held_out)))
    chosen = UserPersonalization.chosen(known, options, next_examples(histories, held_out))
    return chosen.refitted(training.only(histories.take(learners)), options)


def measure(ranked: Ints, truths: Histories, n_items: int) -> Figures:
    return evaluate(ranked, truths, n_items) | evaluate_textbook(ranked, truths, n_items)


def by_users(training: Training, n_folds: int, *, searches: bool = False) -> dict[str, list[Figures]]:
    """Measure by model and fold of users; with `searches` only the engine, without and with performHPO."""
    histories, n_items = training.histories, training.n_items
    figures: dict[str, list[Figures]] = {}
    for rows in folds(np.flatnonzero(histories.lengths >= 2), n_folds):
        learners = np.setdiff1d(np.arange(len(histories)), rows)
        learnt, test = histories.take(learners), examples(histories, rows)
        if searches:
            for name, model in (("without HPO", engine(training, learners)),
                                ("with HPO", engine(training, learners, searches=True))):  # fmt: skip
                listed = model.rank(test.queries, LENGTH).items
                figures.setdefault(name, []).append(measure(listed, test.truths, n_items))
            continue
        for name, scores in baselines(learnt, n_items, test.queries, orders=False):
            figures.setdefault(name, []).append(measure(top(scores, LENGTH), test.truths, n_items))
        model = engine(training, learners)
        ranked = model.rank(test.queries, LENGTH).items
        figures.setdefault("aws-user-personalization", []).append(measure(ranked, test.truths, n_items))
        given = top(popularity(learnt, n_items)[None, :], RANKED_ITEMS)[0]
        ranking = model.scores(test.queries)[:, given]  # aws-personalized-ranking has the same scores
        for name, order in (("popularity", np.tile(given[:LENGTH], (len(rows), 1))), ("engine", None)):
            listed = given[top(ranking, LENGTH)] if order is None else order
            key = f"ranking of {RANKED_ITEMS} items, {name}"
            figures.setdefault(key, []).append(measure(listed, test.truths, n_items))
    return figures


def by_orders(training: Training, n_folds: int) -> dict[str, list[Figures]]:
    """Measure by model and fold of customers; the training has all orders of all customers but the newest."""
    histories, n_items = training.histories, training.n_items
    divided = next_examples(histories, np.arange(len(histories)))
    learnt, later = divided.queries, divided.truths
    rows = np.flatnonzero(learnt.lengths > 0)
    test = Examples(learnt.take(rows), later.take(rows))
    model = engine(training.only(learnt), np.arange(len(learnt)))
    lists = {name: top(scores, LENGTH) for name, scores in baselines(learnt, n_items, test.queries, orders=True)}
    lists["aws-user-personalization"] = model.rank(test.queries, LENGTH).items
    return {
        name: [measure(ranked[part], test.truths.take(part), n_items) for part in folds(np.arange(len(rows)), n_folds)]
        for name, ranked in lists.items()
    }


def half(training: Training) -> Training:
    """Return the events of a random half of the items."""
    kept = np.zeros(training.n_items, bool)
    kept[np.random.default_rng(HALF_SEED).permutation(training.n_items)[: training.n_items // 2]] = True
    histories = training.histories.keep(kept[training.histories.items])
    places = np.cumsum(kept) - 1
    smaller = Histories(
        histories.starts, places[histories.items].astype(np.int32), histories.moments, histories.weights,
        histories.times,
    )  # fmt: skip
    ids = training.interactions.item_ids[kept]
    return Training(Interactions(training.interactions.user_ids, ids, smaller), Attributes(ids), training.users)


def load_orders(folder: Path) -> Training:
    """Load Online Retail as orders: products (codes that begin with five digits) sold to known customers."""
    rows = pq.read_table(folder / "online_retail_two_years.parquet").to_pandas()
    rows = rows[rows.CustomerID.notna() & (rows.Quantity > 0) & (rows.UnitPrice > 0)]
    rows = rows.assign(order=rows.InvoiceNo.astype(str).str.upper(), item=rows.StockCode.astype(str).str.upper())
    rows = rows[~rows.order.str.startswith(("C", "A")) & rows["item"].str.match(r"\d{5}")]
    started = rows.groupby("order").InvoiceDate.transform("min").astype("datetime64[s]").astype("int64")
    columns = {"USER_ID": rows.CustomerID.astype(str), "ITEM_ID": rows["item"], "TIMESTAMP": started}
    with TemporaryDirectory() as scratch:
        part = Path(scratch) / "part.parquet"
        pq.write_table(pa.table({name: pa.array(column.to_numpy()) for name, column in columns.items()}), part)
        interactions = load_interactions([part], EventSelection())
    return Training(interactions, Attributes(interactions.item_ids), Attributes(interactions.user_ids))


def measured(name: str, datasets: Path, n_folds: int) -> dict[str, list[Figures]]:
    if name == "orders":
        return by_orders(load_orders(datasets / "online_retail"), n_folds)
    of, _, how = name.partition("-")
    folder = "movielens_small_events" if of == "movielens" else "retail_demo_store"
    training = load(datasets / folder)
    return by_users(half(training) if of == "half" else training, n_folds, searches=how == "hpo")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=Path, default=DEFAULT_DATASETS)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--only", nargs="+", default=["movielens", "retail", "half", "orders"])
    arguments = parser.parse_args()
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in arguments.only:
        figures = summary(measured(name, arguments.datasets, arguments.folds))
        results[name] = {"folds": arguments.folds, "figures": figures}
        show(name, figures)
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
