"""The figures of ops.model_evaluations: a candidate's, popularity's and the live version's, on which hold-out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from psycopg.rows import dict_row

from aisle.evaluation.gate import Measured
from aisle.evaluation.metrics import Figures
from aisle.warehouse import connect, sql

Subject = Literal["candidate", "popularity", "live"]

_TITLES: dict[Subject, str] = {"candidate": "this version", "popularity": "popularity", "live": "the live version"}


class Evaluation(NamedTuple):
    """Figures of one subject, and what they were measured on."""

    figures: Figures
    hold_out_from: datetime
    hold_out_until: datetime
    n_users: int


def store(version_arn: str, evaluations: dict[Subject, Evaluation]) -> None:
    """Keep what a version and its rivals were measured at; measuring again replaces it."""
    rows = [
        {
            "solution_version_arn": version_arn,
            "subject": subject,
            "metric": metric,
            "value": value,
            **evaluation._replace(figures={})._asdict(),
        }
        for subject, evaluation in evaluations.items()
        for metric, value in evaluation.figures.items()
    ]
    with connect() as connection, connection.cursor() as cursor:
        cursor.executemany(sql("ops/model_evaluations/upsert").encode(), rows)


def read(version_arn: str) -> dict[str, Evaluation]:
    """What a version was measured at, by subject; empty if it never was."""
    found: dict[str, Evaluation] = {}
    with connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(sql("ops/model_evaluations/of_version").encode(), {"solution_version_arn": version_arn})
        for row in cursor:
            subject, metric, value = row.pop("subject"), row.pop("metric"), row.pop("value")
            found.setdefault(subject, Evaluation({}, **row)).figures[metric] = value
    return found


def measured(model: Evaluation | None, popularity: Evaluation | None) -> Measured | None:
    """The two together, as the gate compares them; none if either is missing."""
    return Measured(model.figures, popularity.figures) if model and popularity else None


def as_table(evaluations: dict[Subject, Evaluation]) -> str:
    """The figures in Markdown, one row per metric, and the hold-out of each column."""
    subjects, metrics = list(evaluations), list(evaluations["candidate"].figures)
    rows = [
        ["metric", *(_TITLES[each] for each in subjects)],
        ["---", *("---:" for _ in subjects)],
        *([metric, *(_as_cell(evaluations[each].figures.get(metric)) for each in subjects)] for metric in metrics),
        ["users", *(str(evaluations[each].n_users) for each in subjects)],
        ["from", *(f"{evaluations[each].hold_out_from:%Y-%m-%d}" for each in subjects)],
        ["until", *(f"{evaluations[each].hold_out_until:%Y-%m-%d}" for each in subjects)],
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _as_cell(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
