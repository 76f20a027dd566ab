"""Checks of the warehouse: the lists that are served, samples, catalogue, look-ups, learning data and events."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row
from psycopg.sql import SQL, Composable, Identifier

from aisle.contracts.event_types import EventTypes, read_event_types
from aisle.contracts.recommendations import LIST_TABLES
from aisle.groups.dataset_group import DatasetGroup
from aisle.settings import get_settings
from aisle.warehouse import sql
from personalize_kinds.limits import MIN_INTERACTIONS, MIN_USERS_WITH_TWO_INTERACTIONS
from services.doctor.findings import Finding, graded

#: Beyond this a model has not seen the last month.
_OLD_MODEL_DAYS = 31
#: A delivery takes a minute; after this something holds it up.
_LONGEST_WAIT_MINUTES = 15
#: What a look-up may take before somebody notices.
_SLOW_MILLISECONDS = 10


class DataChecks:
    """The checks of one dataset group, in one connection."""

    def __init__(self, connection: psycopg.Connection, group: DatasetGroup, cache_ttl: timedelta) -> None:
        self._cursor = connection.cursor(row_factory=namedtuple_row)
        self._group = group
        self._ttl_hours = cache_ttl.total_seconds() / 3600

    def freshness(self) -> Finding:
        """Which lists are served, how old they are, and which model made them."""
        subject = f"lists of {self._group.name}"
        live = self._row("doctor/live_generation", cache=Identifier(self._group.cache_schema))
        if live is None:
            return graded(subject, ["no generation is live"], failed="start recommend, then publish")
        facts = [
            f"generation {live.generation}, {live.age_hours:.1f} h old (published {_moment(live.published_at)})",
            f"lists for {live.user_lists} of {live.users_asked} users, {live.item_lists} of {live.items_asked} items",
            *(f"{kind} by {version}" for kind, version in sorted(live.solution_versions.items())),
        ]
        if not live.user_lists:
            return graded(
                subject, facts, failed="no user has a list: see the rejects on the page Cache, start recommend"
            )
        is_stale = live.age_hours > self._ttl_hours
        stale = "older than the time to live: look why recommend or publish did not run" if is_stale else ""
        return graded(subject, facts, look=stale)

    def samples(self) -> Finding:
        """What the newest regional results were drawn from."""
        results = self._rows("doctor/samples")
        facts = [
            f"{result.region_kind} {result.region}, window of {_moment(result.window_start)}: {result.n_sampled} of "
            f"{result.n_active_users} active customers, {result.n_with_list} of them with a list, seed {result.seed}"
            for result in results
        ]
        few = [result.region for result in results if int(result.n_with_list) < int(result.n_sampled) * 0.8]
        look = (
            f"many of the sample have no list in {', '.join(few)}: match rates are low for that reason" if few else ""
        )
        return graded("samples of regions", facts or ["nobody has asked for a region yet"], look=look)

    def catalogue(self) -> Finding:
        """How many products arrive at each step, and which do not."""
        group = self._group
        counts = self._row(
            "doctor/catalogue", {"dataset": group.key("items")},
            cache=Identifier(group.cache_schema), items=group.mart("items"),
        )  # fmt: skip
        facts = [
            f"{counts.n_products} products, {counts.n_exportable} in the group's mart, "
            f"{counts.n_in_newest_file or 0} in the newest export, {counts.n_listed} with a list of similar items"
        ]
        look = ""
        if counts.not_exported and not group.described.where.restricts("items"):
            look = f"not in the mart: {_some(counts.not_exported)}; start transform. "
        if counts.n_in_newest_file != counts.n_exportable:
            look += "The newest export is older than the mart: start export. "
        if counts.without_list:
            look += f"Without a list: {_some(counts.without_list)}; new products have one after train and recommend."
        return graded(f"products of {group.name}", facts, look=look.strip())

    def lookups(self) -> Finding:
        """How PostgreSQL finds one list in each table of the cache."""
        facts, slow = [], []
        for table in LIST_TABLES.values():
            name = SQL("{}.{}").format(Identifier(self._group.cache_schema), Identifier(table.name))
            (answer,) = self._row("doctor/lookup_plan", table=name, key=Identifier(table.key)).QUERY_PLAN
            plan, milliseconds = answer["Plan"], answer["Execution Time"]
            facts.append(f"{table.name}: {plan['Node Type']}, {milliseconds:.2f} ms")
            if milliseconds > _SLOW_MILLISECONDS:
                slow.append(table.name)
        remedy = f"slow: {', '.join(slow)}; run `analyze` on it, and look at the load and the memory of PostgreSQL"
        return graded(f"look-ups in {self._group.cache_schema}", facts, look=remedy if slow else "")

    def learning(self) -> Finding:
        """Whether there is enough to learn from, how old the models are, and what events weigh."""
        data = self._row("doctor/learning", interactions=self._group.mart("interactions"))
        models = self._rows(
            "doctor/live_models", {"solutions": [self._group.key(solution) for solution in self._group.solutions]}
        )
        facts = [
            f"{data.n_interactions} interactions (at least {MIN_INTERACTIONS}), {data.n_returning_users} users with "
            f"two (at least {MIN_USERS_WITH_TWO_INTERACTIONS})",
            f"the newest is of {_moment(data.newest_at)}" if data.newest_at else "there is none",
            *(f"model {model.solution} is {model.age_days:.1f} days old" for model in models),
            *_weights(read_event_types(get_settings().events.types_file)),
        ]
        too_few = data.n_interactions < MIN_INTERACTIONS or data.n_returning_users < MIN_USERS_WITH_TWO_INTERACTIONS
        no_model = "" if models else "no model is live: start train"
        old = [model.solution for model in models if model.age_days > _OLD_MODEL_DAYS]
        return graded(
            f"learning data of {self._group.name}",
            facts,
            failed="too little data: fetch more orders with backfill" if too_few else no_model,
            look=f"start train: {', '.join(old)} has not seen the last month" if old else "",
        )

    def outbox(self) -> Finding:
        """What waits for Personalize."""
        states = self._rows("doctor/outbox", {"group_name": self._group.name})
        facts = [f"{row.n_events} {row.state}, the oldest for {row.oldest_minutes:.0f} min" for row in states] or [
            "nothing waits"
        ]
        late = [row for row in states if row.state == "waiting" and row.oldest_minutes > _LONGEST_WAIT_MINUTES]
        dead = [row for row in states if row.state == "dead"]
        return graded(
            f"events for {self._group.name}",
            facts,
            failed="nothing is sent: look at the DAG events and its log" if late else "",
            look="some were refused too often: `aisle events replay --dry-run` says why" if dead else "",
        )

    def received(self) -> Finding:
        """What came in by webhook and API in the last day, and whether impressions come at all."""
        rows = self._rows("doctor/received")
        seen = self._row("doctor/shown_and_done")
        facts = [
            f"{row.n_events} {row.outcome}{f' ({row.reason})' if row.reason else ''} from {row.source}, the newest at "
            f"{_moment(row.newest_at)}"
            for row in rows
        ] or ["no event in the last day"]
        facts.append(f"in the last week {seen.n_impressions} impressions beside {seen.n_interactions} interactions")
        silent = "check in Amplitude that the destination is on and has this address" if not rows else ""
        blind = "no impressions: nobody knows what users saw and ignored" if rows and not seen.n_impressions else ""
        return graded("received events", facts, look=silent or blind)

    def _row(self, name: str, values: dict[str, object] | None = None, **parts: Composable) -> Any:
        self._cursor.execute(sql(name, **parts).encode(), values or {})
        return self._cursor.fetchone()

    def _rows(self, name: str, values: dict[str, object] | None = None, **parts: Composable) -> list[Any]:
        self._cursor.execute(sql(name, **parts).encode(), values or {})
        return self._cursor.fetchall()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _some(item_ids: list[str]) -> str:
    return json.dumps(item_ids, ensure_ascii=False)[1:-1]


def _weights(table: EventTypes) -> list[str]:
    """What the types of events weigh, and which weigh nothing."""
    weights = [f"{name} {kind.weight:g}" for name, kind in table.types.items() if kind.weight is not None]
    weightless = [name for name, kind in table.types.items() if kind.weight is None]
    facts = [f"weights of version {table.version}: {', '.join(weights) or 'none'}"]
    return facts + [f"without a weight: {', '.join(weightless)}"] * bool(weightless)
