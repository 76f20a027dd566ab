"""The figures of ops.model_evaluations: a candidate's, popularity's and the live version's, on which hold-out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.rows import dict_row

from aisle.evaluation.gate import Measured
from aisle.evaluation.metrics import Figures
from aisle.warehouse import connect, sql

Subject = Literal["candidate", "popularity", "live"]

_TITLES: dict[Subject, str] = {"candidate": "this version", "popularity": "popularity", "live": "the live version"}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures of one subject, and what they were measured on."""

    figures: Figures
    hold_out_from: datetime
    hold_out_until: datetime
    n_users: int


def store(version_arn: str, evaluations: dict[Subject, Evaluation]) -> None:
    """Store the figures of a version and its rivals; measuring again replaces them."""
    rows = [
        {
            "solution_version_arn": version_arn,
            "subject": subject,
            "metric": metric,
            "value": value,
            "hold_out_from": evaluation.hold_out_from,
            "hold_out_until": evaluation.hold_out_until,
            "n_users": evaluation.n_users,
        }
        for subject, evaluation in evaluations.items()
        for metric, value in evaluation.figures.items()
    ]
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany(sql("ops/model_evaluations/upsert").encode(), rows)


def read(version_arn: str) -> dict[str, Evaluation]:
    """Return the figures of a version by subject; empty if it was never measured."""
    by_subject: dict[str, Evaluation] = {}
    with connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(sql("ops/model_evaluations/of_version").encode(), {"solution_version_arn": version_arn})
        for row in cursor:
            subject, metric, value = row.pop("subject"), row.pop("metric"), row.pop("value")
            by_subject.setdefault(subject, Evaluation({}, **row)).figures[metric] = value
    return by_subject


def measured(model: Evaluation | None, popularity: Evaluation | None) -> Measured | None:
    """Combine the two for the gate; None if either is missing."""
    return Measured(model.figures, popularity.figures) if model and popularity else None


def as_table(evaluations: dict[Subject, Evaluation]) -> str:
    """Return the figures as a Markdown table: one row per metric, and each column's hold-out."""
    subjects, metrics = list(evaluations), list(evaluations["candidate"].figures)
    rows = [
        ["metric", *(_TITLES[subject] for subject in subjects)],
        ["---", *("---:" for _ in subjects)],
        *(
            [metric, *(_as_cell(evaluations[subject].figures.get(metric)) for subject in subjects)]
            for metric in metrics
        ),
        ["users", *(str(evaluations[subject].n_users) for subject in subjects)],
        ["from", *(f"{evaluations[subject].hold_out_from:%Y-%m-%d}" for subject in subjects)],
        ["until", *(f"{evaluations[subject].hold_out_until:%Y-%m-%d}" for subject in subjects)],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _as_cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
