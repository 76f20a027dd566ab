"""A campaign's answers to real questions: failures, latency, and overlap with another campaign."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, quantiles
from typing import Any, Literal

from botocore.exceptions import ClientError
from psycopg.rows import class_row

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.groups.environment import Canary, Solution
from aisle.warehouse import connect, sql

About = Literal["user", "item", "ranking"]

_ABOUT_ITEMS = ("aws-sims", "aws-similar-items", "aws-semantic-similarity")
_RANKING = ("aws-personalized-ranking", "aws-personalized-ranking-v2")
#: How long a list is asked for, and how many items are given to be ranked.
_N_ITEMS = 25
#: How many places of two lists are compared.
_COMPARED = 10


@dataclass(frozen=True, slots=True)
class Question:
    """A user, and the user's latest items, newest first."""

    user_id: str
    items: list[str]


@dataclass(frozen=True, slots=True)
class Answer:
    """The items of one answer, in order, and its latency; or the code of the error."""

    items: list[str]
    milliseconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of many answers. `overlap` is the share of the top items that the other campaign gives too."""

    n_questions: int
    errors: dict[str, int]
    n_empty: int
    median_ms: float
    p95_ms: float
    overlap: float | None

    @property
    def n_failures(self) -> int:
        """Questions without an answer."""
        return sum(self.errors.values()) + self.n_empty


def about_what(solution: Solution) -> About:
    """Return what a campaign of the solution is asked about, by its recipe."""
    recipe = solution.recipe_arn.rpartition("/")[2]
    return "ranking" if recipe in _RANKING else "item" if recipe in _ABOUT_ITEMS else "user"


def questions_for(group: DatasetGroup, n_users: int) -> list[Question]:
    """Return questions about that many users, always the same ones. Raises FinalError without interactions."""
    statement = sql("models/canary/cases", interactions=group.mart("interactions"))
    with connect() as connection, connection.cursor(row_factory=class_row(Question)) as cursor:
        questions = cursor.execute(statement.encode(), {"n_users": n_users, "n_items": _N_ITEMS}).fetchall()
    if not questions:
        raise FinalError(
            f"Choosing questions for a canary of {group.name}: personalize.interactions has no row of this group. "
            "Run `ingest` and `transform` first, or correct the group's `where`."
        )
    return questions


def ask(client: Any, campaign_arn: str, about: About, questions: Sequence[Question]) -> list[Answer]:
    """Ask a campaign one question after the other. An error of the service is an answer; a lost connection raises."""
    return [_timed(lambda: _items(client, campaign_arn, about, question)) for question in questions]  # noqa: B023


def report_on(answers: Sequence[Answer], others: Sequence[Answer]) -> Report:
    """Return the figures of answers, compared with another campaign's to the same questions, if there are any."""
    times = [answer.milliseconds for answer in answers]
    pairs = [(own.items, other.items) for own, other in zip(answers, others, strict=bool(others))]
    return Report(
        n_questions=len(answers),
        errors=dict(Counter(answer.error for answer in answers if answer.error)),
        n_empty=sum(not answer.items and not answer.error for answer in answers),
        median_ms=round(median(times), 1),
        p95_ms=round(quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0], 1),
        overlap=_overlap(pairs),
    )


def objections(report: Report, limits: Canary) -> list[str]:
    """Return the reasons against a campaign with these answers; empty if it may serve."""
    reasons = []
    if report.n_failures > limits.max_failures * report.n_questions:
        codes = ", ".join(f"{times} {code}" for code, times in report.errors.items()) or "no errors"
        reasons.append(
            f"{report.n_failures} of {report.n_questions} questions without an answer ({report.n_empty} empty lists, "
            f"{codes}), at most {limits.max_failures:.1%} may be"
        )
    if limits.max_p95_ms is not None and report.p95_ms > limits.max_p95_ms:
        reasons.append(f"one answer in twenty takes longer than {report.p95_ms} ms, {limits.max_p95_ms} ms are allowed")
    return reasons


def _items(client: Any, campaign_arn: str, about: About, question: Question) -> list[str]:
    if about == "ranking":
        answer = client.get_personalized_ranking(
            campaignArn=campaign_arn, userId=question.user_id, inputList=question.items
        )["personalizedRanking"]
    else:
        subject = {"itemId": question.items[0]} if about == "item" else {"userId": question.user_id}
        answer = client.get_recommendations(campaignArn=campaign_arn, numResults=_N_ITEMS, **subject)["itemList"]
    return [item["itemId"] for item in answer]


def _timed(call: Callable[[], list[str]]) -> Answer:
    started, items, error = time.monotonic(), [], None
    try:
        items = call()
    except ClientError as refusal:
        error = str(refusal.response["Error"]["Code"])
    return Answer(items, (time.monotonic() - started) * 1000, error)


def _overlap(pairs: Sequence[tuple[list[str], list[str]]]) -> float | None:
    shares = [
        len({*own[:_COMPARED]} & {*other[:_COMPARED]}) / len(own[:_COMPARED]) for own, other in pairs if own and other
    ]
    return round(fmean(shares), 3) if shares else None
