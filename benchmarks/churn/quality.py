"""How well churn is predicted on the two years of Online Retail, beside simpler models, on dates not learned from.

    python -m benchmarks.churn.quality --bg-nbd .aisle/churn/bin/python [--datasets FOLDER] [--url WAREHOUSE]

The dates learned from are those whose horizon is over before the date measured on. Recency knows the days since the
last purchase and is fitted as Aisle's model is. BG/NBD is fitted on the newest date learned from; what it expects
becomes a probability by a logistic regression on that date. Calibrated: Aisle's model learns one horizon less and is
fitted once more, by a straight line, on the newest date. Trees are scikit-learn's, of Aisle's features.
Prints a table and writes benchmarks/results/churn_quality.json. Without --url an embedded PostgreSQL is filled first.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import psycopg
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from aisle.churn.examples import FEATURES, Dates, Examples, Floats, read_dates, read_examples
from aisle.churn.figures import Measured
from aisle.churn.fitting import fit
from aisle.churn.measures import measure
from aisle.churn.training import RECENCY
from aisle.stages.transform import project
from aisle.warehouse import connect, migrate
from benchmarks.churn.retail import load_orders
from services.stack.postgres import EmbeddedPostgres

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "churn_quality.json"
DEFAULT_DATASETS = ROOT.parent / "shared" / "datasets"
#: Dates measured on, as places from the newest whose horizon is over: a season apart.
PLACES = (-1, -2, -4, -6)


def contenders(learned: Examples, asked: Examples, dates: Dates, bg_nbd: Path | None) -> Iterator[tuple[str, Floats]]:
    """Yield each model and its risks of the customers asked about."""
    yield "Aisle", fit(learned, dates.horizon_days).predict(asked.features)
    yield "recency alone", fit(learned, dates.horizon_days, RECENCY).predict(asked.features)
    newest = learned.of([max(learned.dates).item()])
    if bg_nbd:
        yield "BG/NBD", _calibrated(*_expected(newest, asked, dates.horizon_days, bg_nbd), newest)
    earlier = learned.of(dates.known_before(newest.dates[0].item()))
    if len(earlier):
        model = fit(earlier, dates.horizon_days)
        yield "Aisle, calibrated", _calibrated(_logits(model.predict(newest.features)),
                                               _logits(model.predict(asked.features)), newest)  # fmt: skip
    trees = HistGradientBoostingClassifier(learning_rate=0.06, max_leaf_nodes=15, min_samples_leaf=100, random_state=0)
    yield "boosted trees", trees.fit(learned.features, learned.is_churned).predict_proba(asked.features)[:, 1]


def _calibrated(of_fold: Floats, of_asked: Floats, fold: Examples) -> Floats:
    line = LogisticRegression(C=1e6).fit(of_fold[:, None], fold.is_churned)
    risks: Floats = line.predict_proba(of_asked[:, None])[:, 1]
    return risks


def _logits(risks: Floats) -> Floats:
    return np.log(risks / (1 - risks))


def _expected(learned: Examples, asked: Examples, horizon_days: int, python: Path) -> tuple[Floats, Floats]:
    """Return the logarithm of the purchases that BG/NBD expects of customers learned from, and of those asked about."""
    with TemporaryDirectory(prefix="aisle-bg-nbd-") as folder:
        np.savez(
            Path(folder) / "customers.npz",
            learned=_history(learned), asked=_history(asked), horizon_days=np.array(horizon_days),
        )  # fmt: skip
        subprocess.run([python, Path(__file__).with_name("bg_nbd.py"), folder], check=True)
        expected: Any = np.load(Path(folder) / "expected.npz")
        return np.log(expected["learned"] + 1e-9), np.log(expected["asked"] + 1e-9)


def _history(customers: Examples) -> Floats:
    since, tenure, n_days = (
        customers.features[:, FEATURES.index(name)]
        for name in ("days_since_purchase", "tenure_days", "n_purchase_days")
    )
    return np.column_stack([n_days - 1, tenure - since, tenure])


def measure_all(url: str, bg_nbd: Path | None) -> dict[str, dict[str, Measured]]:
    """Return the figures by date and contender."""
    with connect(url) as connection:
        dates = read_dates(connection)
        examples = read_examples(connection, dates.known, 10_000_000)
    return {
        str(measured_on): _measure_on(measured_on, examples, dates, bg_nbd)
        for measured_on in (dates.known[place] for place in PLACES)
    }


def _measure_on(measured_on: date, examples: Examples, dates: Dates, bg_nbd: Path | None) -> dict[str, Measured]:
    learned, asked = examples.of(dates.known_before(measured_on)), examples.of([measured_on])
    return {name: measure(risks, asked.is_churned) for name, risks in contenders(learned, asked, dates, bg_nbd)}


@contextmanager
def _warehouse(file: Path) -> Iterator[str]:
    """Fill an embedded PostgreSQL with the orders, and build the features."""
    with TemporaryDirectory(prefix="aisle-churn-") as home:
        server = EmbeddedPostgres(Path(home) / "postgres")
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute("create database warehouse")
            url = server.url("warehouse")
            migrate(url)
            load_orders(url, file)
            project.build(url, Path(home) / "dbt")
            yield url
        finally:
            server.stop()


def show(figures: dict[str, dict[str, Measured]]) -> None:
    """Print the table of docs/benchmarks.md."""
    print("| measured on | model | AUC | Brier score | calibration error |\n|---|---|---|---|---|")
    for day, models in figures.items():
        for name, measured in models.items():
            print(f"| {day} | {name} | {measured.auc:.3f} | {measured.brier:.4f} | {measured.calibration_error:.3f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", type=Path, default=DEFAULT_DATASETS)
    parser.add_argument("--bg-nbd", type=Path, help="Python of the environment of benchmarks/churn/requirements.txt")
    parser.add_argument("--url", help="warehouse whose features are built")
    options = parser.parse_args()
    if options.url:
        figures = measure_all(options.url, options.bg_nbd)
    else:
        with _warehouse(options.datasets / "online_retail" / "online_retail_two_years.parquet") as url:
            figures = measure_all(url, options.bg_nbd)
    show(figures)
    plain = {day: {name: asdict(measured) for name, measured in models.items()} for day, models in figures.items()}
    RESULTS.write_text(json.dumps(plain, indent=1) + "\n")


if __name__ == "__main__":
    main()
