"""The hold-out: the newest days of purchases, by which models are measured that have not seen them.

Each kind of model is measured by its own task: a model of users foretells what a user buys, a model of items says what
is bought together with an item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, scalar_row

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup, Kind
from aisle.settings import get_settings
from aisle.warehouse import connect, sql
from personalize_kinds.limits import MIN_INTERACTIONS

#: More than any list that popularity is measured by needs, even where what a user has is left out of it.
_POPULAR_ITEMS = 500
#: What a user must have done in the hold-out to be measured by.
_EVIDENCE: dict[Kind, str] = {
    "users": "with an earlier purchase bought something",
    "items": "bought two items, one of them known before,",
}


@dataclass(frozen=True, slots=True)
class HoldOut:
    """From when until when (both inclusive); how many interactions lie before."""

    starts_at: datetime
    ends_at: datetime
    n_interactions_before: int


@dataclass(frozen=True, slots=True)
class Case:
    """What a model is asked about for one user, and what the user then bought. `left_out` counts neither way.

    `asked_id` is the user, for a model of users; for a model of items, one of those that the user bought.
    """

    user_id: str
    asked_id: str
    bought: list[str]
    left_out: list[str]


def newest_hold_out(group: DatasetGroup) -> HoldOut:
    """Choose the newest days of the group.

    Their number is doubled, up to the settings' most, while too few users bought in them for one of its questions.
    Raises FinalError if the group has no interactions.
    """
    settings = get_settings().evaluate
    kinds = [question.kind for question in group.questions]
    days, hold_out = settings.hold_out_days, _last_days(group, settings.hold_out_days)
    while days < settings.hold_out_max_days and _fewest_cases(group, hold_out, kinds) < settings.min_users:
        days = min(2 * days, settings.hold_out_max_days)
        hold_out = _last_days(group, days)
    return hold_out


def _fewest_cases(group: DatasetGroup, hold_out: HoldOut, kinds: Sequence[Kind]) -> int:
    return min((count_cases(group, hold_out, kind) for kind in kinds), default=0)


def _last_days(group: DatasetGroup, days: int) -> HoldOut:
    statement = sql("evaluation/hold_out/bounds", interactions=group.mart("interactions"))
    with connect() as connection, connection.cursor(row_factory=class_row(HoldOut)) as cursor:
        hold_out = cursor.execute(statement.encode(), {"hold_out_days": days}).fetchone()
    if hold_out is None or hold_out.starts_at is None:
        raise FinalError(
            f"Choosing a hold-out of {group.name}: personalize.interactions has no row of this group. Run `ingest` and "
            "`transform` first, or correct the group's `where`."
        )
    return hold_out


def cases_of(group: DatasetGroup, hold_out: HoldOut, kind: Kind) -> list[Case]:
    """Select the users by whom a model of this kind can be measured, each once.

    A model of users is asked about those who had bought before. A model of items says what goes together, so it is
    asked about one item of what a user bought in the hold-out, and has to find the rest.
    """
    with connect() as connection, connection.cursor(row_factory=class_row(Case)) as cursor:
        return cursor.execute(_select_cases(group, kind).encode(), _case_values(hold_out)).fetchall()


def count_cases(group: DatasetGroup, hold_out: HoldOut, kind: Kind) -> int:
    """Count the users by whom a model of this kind can be measured, in the warehouse."""
    statement = sql("evaluation/hold_out/count", cases=_select_cases(group, kind))
    with connect() as connection, connection.cursor(row_factory=scalar_row) as cursor:
        return int(cursor.execute(statement.encode(), _case_values(hold_out)).fetchone() or 0)


def _select_cases(group: DatasetGroup, kind: Kind) -> str:
    return sql(f"evaluation/hold_out/{kind}", interactions=group.mart("interactions"))


def _case_values(hold_out: HoldOut) -> dict[str, Any]:
    return {**asdict(hold_out), "count_repeats": get_settings().evaluate.count_repeats}


def obstacle_of(group: DatasetGroup, hold_out: HoldOut, kind: Kind) -> str | None:
    """Say why no model of this kind can be measured on the hold-out; None if it can."""
    settings = get_settings().evaluate
    if not settings.enabled:
        return "not measured: AISLE_EVALUATE__ENABLED is false"
    since = f"since {hold_out.starts_at:%Y-%m-%d}"
    n_users = count_cases(group, hold_out, kind)
    if n_users < settings.min_users:
        return f"too little data: {n_users} of {settings.min_users} required users {_EVIDENCE[kind]} {since}"
    if hold_out.n_interactions_before < MIN_INTERACTIONS:
        return (
            f"too little data: {hold_out.n_interactions_before} interactions to train on before the hold-out {since}, "
            f"the service requires {MIN_INTERACTIONS}"
        )
    return None


def rank_lists(lists: Mapping[str, Sequence[str]], cases: list[Case]) -> dict[str, list[str]]:
    """Give each user the list of what was asked about for it."""
    return {case.user_id: _counted(lists.get(case.asked_id, ()), case) for case in cases}


def rank_popularity(group: DatasetGroup, hold_out: HoldOut, cases: list[Case]) -> dict[str, list[str]]:
    """The same list for everybody: what most people bought lately."""
    popular = [item for (item,) in _rows("evaluation/hold_out/popular_items", group, hold_out)]
    return {case.user_id: _counted(popular, case) for case in cases}


def count_items(group: DatasetGroup, hold_out: HoldOut) -> int:
    """How many items a model of the group that has not seen the hold-out could show."""
    return int(_rows("evaluation/hold_out/count_items", group, hold_out)[0][0])


def _counted(ranked: Sequence[str], case: Case) -> list[str]:
    left_out = set(case.left_out)
    return [item for item in ranked if item not in left_out]


def _rows(name: str, group: DatasetGroup, hold_out: HoldOut) -> list[tuple[Any, ...]]:
    statement = sql(name, interactions=group.mart("interactions"))
    days = get_settings().evaluate.popularity_days
    values = {**asdict(hold_out), "popularity_days": days, "n_items": _POPULAR_ITEMS}
    with connect() as connection:
        return connection.execute(statement.encode(), values).fetchall()
