"""What is known of customers as of a date, and who churned after it: the dbt models of schema `features`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from psycopg import Connection, errors
from psycopg.rows import dict_row

from aisle.churn.errors import FeaturesMissing, TooLittleHistory
from aisle.warehouse import sql

#: Columns of features.customer_features that a model learns from, in the order of its matrix.
FEATURES: Final = (
    "days_since_purchase",
    "tenure_days",
    "n_purchase_days",
    "n_orders",
    "n_purchase_days_30",
    "n_purchase_days_90",
    "n_purchase_days_365",
    "amount",
    "mean_amount",
    "mean_gap_days",
    "sd_gap_days",
    "relative_gap",
    "basket_trend",
    "cancelled_share",
    "n_products",
    "n_categories",
    "n_events_30",
    "n_events_90",
)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Examples:
    """Customers as of past dates: `dates` and `is_churned` (n,), `features` (n, len(FEATURES)) with NaN for unknown."""

    dates: npt.NDArray[np.datetime64]
    features: Floats
    is_churned: Flags

    def __len__(self) -> int:
        return len(self.is_churned)

    def of(self, dates: Sequence[date]) -> Examples:
        """Return those of some of the dates."""
        chosen = np.isin(self.dates, np.array(dates, "datetime64[D]"))
        return Examples(self.dates[chosen], self.features[chosen], self.is_churned[chosen])

    def require_both(self, purpose: str) -> None:
        """Raise TooLittleHistory if none of the customers churned, or all."""
        if not self.is_churned.any() or self.is_churned.all():
            raise TooLittleHistory(
                f"{purpose} with {len(self)} customers as of {', '.join(map(str, np.unique(self.dates)))}: all of them "
                "churned, or none; wait for more orders, or change AISLE_CHURN__HORIZON_DAYS"
            )


@dataclass(frozen=True, slots=True)
class Customers:
    """All customers as of one date: `user_ids` (n), `features` (n, len(FEATURES)) with NaN for unknown."""

    user_ids: list[str]
    features: Floats


@dataclass(frozen=True, slots=True)
class Dates:
    """The dates as of which customers are described: the newest, and those whose horizon is over, oldest first."""

    newest: date
    known: tuple[date, ...]
    horizon_days: int

    def known_before(self, moment: date) -> tuple[date, ...]:
        """Return the dates whose horizon is over before a moment: no label of them reaches beyond it."""
        return tuple(as_of for as_of in self.known if as_of + timedelta(self.horizon_days) <= moment)


def read_dates(connection: Connection) -> Dates:
    """Return the dates. Raises FeaturesMissing before dbt has built them, TooLittleHistory without a purchase."""
    rows = _rows(connection, "features/churn/dates", {})
    if not rows:
        raise TooLittleHistory("looked for purchases of known customers in core.orders: there are none yet")
    newest = rows[-1]
    known = tuple(row["as_of_date"] for row in rows if row["is_known"])
    return Dates(newest["as_of_date"], known, newest["horizon_days"])


def read_examples(connection: Connection, dates: Sequence[date], max_examples: int) -> Examples:
    """Return the examples of dates; of more than `max_examples` a sample of the customers."""
    (counted,) = _rows(connection, "features/churn/count", {"dates": list(dates)})
    share = min(1.0, max_examples / max(counted["n_labels"], 1))
    rows = _rows(connection, "features/churn/examples", {"dates": list(dates), "share": share})
    as_of_dates = np.array([row["as_of_date"] for row in rows], "datetime64[D]")
    return Examples(as_of_dates, _matrix(rows), np.array([row["is_churned"] for row in rows], bool))


def read_customers(connection: Connection, as_of: date) -> Customers:
    """Return all customers as of a date."""
    rows = _rows(connection, "features/churn/customers", {"as_of_date": as_of})
    return Customers([row["user_id"] for row in rows], _matrix(rows))


def _matrix(rows: Sequence[_Row]) -> Floats:
    return np.array([[row[name] for name in FEATURES] for row in rows], np.float64).reshape(len(rows), len(FEATURES))


def _rows(connection: Connection, name: str, values: dict[str, Any]) -> list[_Row]:
    try:
        with connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(sql(name).encode(), values).fetchall()
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn) as error:
        raise FeaturesMissing(
            f"reading schema features of the warehouse: {error.diag.message_primary}; `transform` builds it: run that, "
            "or wait until it has finished, then run this again"
        ) from error
