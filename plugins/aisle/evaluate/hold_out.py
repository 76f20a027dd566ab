"""The hold-out: the newest days of purchases, by which models are measured that have not seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from aisle.contracts.personalize import MIN_INTERACTIONS
from aisle.dataset_groups import DatasetGroup
from aisle.errors import FinalError
from aisle.settings import get_settings
from aisle.warehouse import connect, sql

#: More than any list that popularity is measured by needs, even where what a user has is left out of it.
_POPULAR_ITEMS = 500


class HoldOut(NamedTuple):
    """From when until when (both inclusive); how many interactions lie before."""

    starts_at: datetime
    ends_at: datetime
    n_interactions_before: int


class Case(NamedTuple):
    """What one user bought in the hold-out, and the last item before it. `left_out` counts neither way."""

    user_id: str
    newest_item: str
    bought: list[str]
    left_out: list[str]


def newest_hold_out(group: DatasetGroup) -> HoldOut:
    """The newest days of the group, twice as many as long as too few users bought in them, up to the settings' most.

    Raises FinalError if the group has no interactions.
    """
    wanted = get_settings().evaluate
    days, found = wanted.hold_out_days, _last_days(group, wanted.hold_out_days)
    while days < wanted.hold_out_max_days and len(cases_of(group, found)) < wanted.min_users:
        days = min(2 * days, wanted.hold_out_max_days)
        found = _last_days(group, days)
    return found


def _last_days(group: DatasetGroup, days: int) -> HoldOut:
    statement = sql("evaluate/hold_out/bounds", interactions=group.mart("interactions"))
    with connect() as connection, connection.cursor(row_factory=class_row(HoldOut)) as cursor:
        found = cursor.execute(statement.encode(), {"hold_out_days": days}).fetchone()
    if found is None or found.starts_at is None:
        raise FinalError(
            f"Choosing a hold-out of {group.name}: personalize.interactions has no row of this group. Run `ingest` and "
            "`transform` first, or correct the group's `where`."
        )
    return found


def cases_of(group: DatasetGroup, hold_out: HoldOut) -> list[Case]:
    """The users who can be measured by: they bought in the hold-out, and had bought before."""
    statement = sql("evaluate/hold_out/select", interactions=group.mart("interactions"))
    values = {**hold_out._asdict(), "count_repeats": get_settings().evaluate.count_repeats}
    with connect() as connection, connection.cursor(row_factory=class_row(Case)) as cursor:
        return cursor.execute(statement.encode(), values).fetchall()


def obstacle_of(group: DatasetGroup, hold_out: HoldOut) -> str | None:
    """Why nothing can be measured on the hold-out; none if it can."""
    wanted = get_settings().evaluate
    if not wanted.enabled:
        return "not measured: AISLE_EVALUATE__ENABLED is false"
    since = f"since {hold_out.starts_at:%Y-%m-%d}"
    n_users = len(cases_of(group, hold_out))
    if n_users < wanted.min_users:
        return f"not enough evidence: {n_users} known users bought something {since}, {wanted.min_users} are asked for"
    if hold_out.n_interactions_before < MIN_INTERACTIONS:
        return (
            f"not enough evidence: there are {hold_out.n_interactions_before} interactions to train on before the "
            f"hold-out {since}, the service asks for {MIN_INTERACTIONS}"
        )
    return None


def rank_lists(lists: Mapping[str, Sequence[str]], kind: str, cases: list[Case]) -> dict[str, list[str]]:
    """What each user is shown: lists by user id, or by item id for the kind 'items', of a user's newest item."""
    return {case.user_id: _counted(lists.get(asked_id(case, kind), ()), case) for case in cases}


def rank_popularity(group: DatasetGroup, hold_out: HoldOut, cases: list[Case]) -> dict[str, list[str]]:
    """The same list for everybody: what most people bought lately."""
    popular = [item for (item,) in _rows("evaluate/popularity/select", group, hold_out)]
    return {case.user_id: _counted(popular, case) for case in cases}


def count_items(group: DatasetGroup, hold_out: HoldOut) -> int:
    """How many items a model of the group that has not seen the hold-out could show."""
    return int(_rows("evaluate/catalogue/count", group, hold_out)[0][0])


def asked_id(case: Case, kind: str) -> str:
    """About whom or what the model is asked for this user."""
    return case.user_id if kind == "users" else case.newest_item


def _counted(ranked: Sequence[str], case: Case) -> list[str]:
    left_out = set(case.left_out)
    return [item for item in ranked if item not in left_out]


def _rows(name: str, group: DatasetGroup, hold_out: HoldOut) -> list[tuple[Any, ...]]:
    statement = sql(name, interactions=group.mart("interactions"))
    days = get_settings().evaluate.popularity_days
    values = {**hold_out._asdict(), "popularity_days": days, "n_items": _POPULAR_ITEMS}
    with connect() as connection:
        return connection.execute(statement.encode(), values).fetchall()
