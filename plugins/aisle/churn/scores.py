"""The risks of all customers: staged for the gate, then published as predictions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

import msgspec
from psycopg import Connection, errors

from aisle.churn.errors import PredictionsTableMissing
from aisle.churn.examples import FEATURES, Customers, Floats
from aisle.churn.model import known, reasons
from aisle.churn.registry import LiveModel
from aisle.warehouse import sql

#: Reasons that are kept for a customer.
N_REASONS: Final = 3


def stage(connection: Connection, customers: Customers, live: LiveModel, as_of: date, run_key: str) -> int:
    """Replace the staged scores by those of `customers`; return how many there are."""
    contributions = live.model.contributions(customers.features)
    risks = live.model.predict(customers.features)
    connection.execute(sql("ops/churn_scores/clear").encode())
    with connection.cursor().copy(sql("ops/churn_scores/copy").encode()) as copy:
        for place, user_id in enumerate(customers.user_ids):
            features = customers.features[place]
            copy.write_row(
                (
                    user_id, float(risks[place]), _features(features), _reasons(features, contributions[place]),
                    run_key, live.version, as_of,
                )
            )  # fmt: skip
    return len(customers.user_ids)


def publish(connection: Connection, run_key: str, predicted_at: datetime) -> int:
    """Publish the staged scores of a run; return how many. Raises PredictionsTableMissing."""
    values = {"run_key": run_key, "predicted_at": predicted_at}
    try:
        return connection.execute(sql("ops/churn_scores/publish").encode(), values).rowcount
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn) as error:
        raise PredictionsTableMissing(
            f"publishing churn predictions of run {run_key}: {error.diag.message_primary}; run `aisle migrate`, then "
            "clear this task"
        ) from error


def _features(features: Floats) -> str:
    values: dict[str, Any] = {name: known(value) for name, value in zip(FEATURES, features, strict=True)}
    return msgspec.json.encode(values).decode()


def _reasons(features: Floats, contributions: Floats) -> str:
    return msgspec.json.encode(reasons(features, contributions, N_REASONS)).decode()
