"""The hold-out: the newest days of purchases, by which models are measured that have not seen them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from psycopg.rows import class_row

from aisle.contracts.personalize import MIN_INTERACTIONS
from aisle.errors import FinalError
from aisle.evaluate.metrics import Figures, measure
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


def newest_hold_out() -> HoldOut:
    """The newest days of the mart, twice as many as long as too few users bought in them, up to the settings' most.

    Raises FinalError if the mart is empty.
    """
    wanted = get_settings().evaluate
    days, found = wanted.hold_out_days, _last_days(wanted.hold_out_days)
    while days < wanted.hold_out_max_days and len(cases_of(found)) < wanted.min_users:
        days = min(2 * days, wanted.hold_out_max_days)
        found = _last_days(days)
    return found


def _last_days(days: int) -> HoldOut:
    with connect() as connection, connection.cursor(row_factory=class_row(HoldOut)) as cursor:
        found = cursor.execute(sql("evaluate/hold_out/bounds").encode(), {"hold_out_days": days}).fetchone()
    if found is None or found.starts_at is None:
        raise FinalError("Choosing a hold-out: personalize.interactions is empty. Run `ingest` and `transform` first.")
    return found


def cases_of(hold_out: HoldOut) -> list[Case]:
    """The users who can be measured by: they bought in the hold-out, and had bought before."""
    values = {**hold_out._asdict(), "count_repeats": get_settings().evaluate.count_repeats}
    with connect() as connection, connection.cursor(row_factory=class_row(Case)) as cursor:
        return cursor.execute(sql("evaluate/hold_out/select").encode(), values).fetchall()


def obstacle_of(hold_out: HoldOut) -> str | None:
    """Why nothing can be measured on the hold-out; none if it can."""
    wanted = get_settings().evaluate
    if not wanted.enabled:
        return "not measured: AISLE_EVALUATE__ENABLED is false"
    since = f"since {hold_out.starts_at:%Y-%m-%d}"
    n_users = len(cases_of(hold_out))
    if n_users < wanted.min_users:
        return f"not enough evidence: {n_users} known users bought something {since}, {wanted.min_users} are asked for"
    if hold_out.n_interactions_before < MIN_INTERACTIONS:
        return (
            f"not enough evidence: there are {hold_out.n_interactions_before} interactions to train on before the "
            f"hold-out {since}, the service asks for {MIN_INTERACTIONS}"
        )
    return None


def measure_lists(lists: Mapping[str, Sequence[str]], kind: str, cases: list[Case], n_items: int) -> Figures:
    """Figures of lists by user id, or by item id for the kind 'items', where a user's newest item is asked about."""
    ranked = {case.user_id: _counted(lists.get(asked_id(case, kind), ()), case) for case in cases}
    return measure(ranked, {case.user_id: set(case.bought) for case in cases}, n_items)


def measure_popularity(hold_out: HoldOut, cases: list[Case], n_items: int) -> Figures:
    """Figures of the same list for everybody: what most people bought lately."""
    popular = [item for (item,) in _rows("evaluate/popularity/select", hold_out)]
    ranked = {case.user_id: _counted(popular, case) for case in cases}
    return measure(ranked, {case.user_id: set(case.bought) for case in cases}, n_items)


def count_items(hold_out: HoldOut) -> int:
    """How many items a model that has not seen the hold-out could show."""
    return int(_rows("evaluate/catalogue/count", hold_out)[0][0])


def asked_id(case: Case, kind: str) -> str:
    """About whom or what the model is asked for this user."""
    return case.user_id if kind == "users" else case.newest_item


def _counted(ranked: Sequence[str], case: Case) -> list[str]:
    left_out = set(case.left_out)
    return [item for item in ranked if item not in left_out]


def _rows(name: str, hold_out: HoldOut) -> list[tuple[Any, ...]]:
    days = get_settings().evaluate.popularity_days
    values = {**hold_out._asdict(), "popularity_days": days, "n_items": _POPULAR_ITEMS}
    with connect() as connection:
        return connection.execute(sql(name).encode(), values).fetchall()
