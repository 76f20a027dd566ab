"""One training: the model that may predict, and its twin one horizon earlier, which is measured in its place.

The model learns from everything that is known, so there are no customers left to measure it on. Its twin has the same
recipe and learns from what was known on the newest date whose horizon is over; it is measured on that horizon (ADR 8).
"""

from __future__ import annotations

from typing import Final

from psycopg import Connection

from aisle.churn.errors import TooLittleHistory
from aisle.churn.examples import FEATURES, read_dates, read_examples
from aisle.churn.fitting import fit
from aisle.churn.measures import measure
from aisle.churn.registry import Trained
from aisle.settings import Churn

#: All that the model knows which a new one must beat.
RECENCY: Final = ("days_since_purchase",)


def train(connection: Connection, settings: Churn) -> Trained:
    """Train a model and measure its twin. Raises FeaturesMissing, TooLittleHistory."""
    dates = read_dates(connection)
    measured_on = dates.known[-1] if dates.known else dates.newest
    seen_by_twin = dates.known_before(measured_on)
    if not seen_by_twin:
        raise TooLittleHistory(
            f"looking for dates to learn churn from: {len(dates.known)} dates before {dates.newest} have a horizon of "
            f"{dates.horizon_days} days that is over, none of them another one after that; about four horizons of "
            "orders are needed: wait, or shorten AISLE_CHURN__HORIZON_DAYS"
        )
    examples = read_examples(connection, dates.known, settings.max_examples)
    held_out, learned_by_twin = examples.of([measured_on]), examples.of(seen_by_twin)
    held_out.require_both("measuring churn")
    twin, recency = (fit(learned_by_twin, dates.horizon_days, known) for known in (FEATURES, RECENCY))
    return Trained(
        model=fit(examples, dates.horizon_days),
        first_date=dates.known[0],
        last_date=measured_on,
        n_examples=len(examples),
        measured_on=measured_on,
        measured=measure(twin.predict(held_out.features), held_out.is_churned),
        recency=measure(recency.predict(held_out.features), held_out.is_churned),
    )
