"""Whether interactions have drifted so far from the live models' training data that training is due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from psycopg.rows import class_row

from aisle.groups.dataset_group import DatasetGroup
from aisle.settings import Evaluate
from aisle.warehouse import connect, sql


@dataclass(frozen=True, slots=True)
class Learned:
    """The training data of the oldest live model."""

    learned_until: datetime
    n_interactions: int


@dataclass(frozen=True, slots=True)
class Drift:
    """The distance of the newest interactions (`n_after`) from the last ones in training (`n_before`)."""

    n_before: int
    n_after: int
    n_interactions: int
    items_psi: float
    categories_psi: float


def learned_by_live(group: DatasetGroup) -> Learned | None:
    """Return what the group's live models were trained on; None if nothing is live."""
    with connect() as connection, connection.cursor(row_factory=class_row(Learned)) as cursor:
        return cursor.execute(sql("ops/model_versions/learned_by_live").encode(), _solutions(group)).fetchone()


def measure_drift(group: DatasetGroup, learned: Learned, settings: Evaluate) -> Drift:
    """Return the drift of the group's interactions since `learned`, between two windows of the settings' length."""
    statement = sql("models/drift/measure", interactions=group.mart("interactions"), items=group.mart("items"))
    values = {"learned_until": learned.learned_until, "drift_days": settings.drift_days}
    with connect() as connection, connection.cursor(row_factory=class_row(Drift)) as cursor:
        drift = cursor.execute(statement.encode(), values).fetchone()
    assert drift is not None  # an aggregate without groups gives one row
    return drift


def reasons_to_train(learned: Learned, drift: Drift, settings: Evaluate) -> list[str]:
    """Return the reasons why training is due; empty if it is not."""
    volume = (drift.n_interactions - learned.n_interactions) / max(learned.n_interactions, 1)
    reasons = []
    if volume > settings.retrain_volume:
        reasons.append(f"interactions have grown by {volume:.0%} since the live model learned")
    if min(drift.n_before, drift.n_after) >= settings.drift_min_interactions:
        reasons += [
            f"the stability index of {subject} is {psi:.2f}, more than {settings.retrain_drift:.2f}"
            for subject, psi in (("items", drift.items_psi), ("categories", drift.categories_psi))
            if psi > settings.retrain_drift
        ]
    return reasons


def next_training_at(group: DatasetGroup, settings: Evaluate) -> datetime | None:
    """Return when the next early training of the group is allowed; None if now."""
    values = {**_solutions(group), "retrain": group.key("retrain")}
    with connect() as connection:
        row = connection.execute(sql("ops/model_versions/last_training").encode(), values).fetchone()
    if row is None or row[0] is None:
        return None
    due_at: datetime = row[0] + timedelta(days=settings.retrain_min_days)
    return due_at if due_at > datetime.now(UTC) else None


def _solutions(group: DatasetGroup) -> dict[str, list[str]]:
    return {"solutions": [group.key(key) for key in group.solutions]}
