"""All that the owner's pages read of the warehouse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from psycopg.sql import Identifier

from aisle.warehouse import sql
from services.serving.admin.schemas import DayPerformance, VersionPerformance
from services.serving.database import Database, Row
from services.serving.groups import Groups

#: Rows of a log, of generations or of models on a page.
MAX_ROWS = 100


@dataclass(frozen=True)
class InteractionRow:
    """An interaction in the log."""

    occurred_at: datetime
    source: str
    event_type: str
    item_id: str
    item_type: str | None
    user_id: str | None
    event_value: float | None
    weight: float | None
    platform: str | None
    recommendation_id: str | None


@dataclass(frozen=True)
class GenerationRow:
    """A generation of a group's cache."""

    generation: str
    state: str
    published_at: datetime
    user_lists: int
    users_asked: int
    item_lists: int
    items_asked: int


@dataclass(frozen=True)
class ReasonRow:
    """What became of events of a source."""

    source: str
    outcome: str
    reason: str | None
    n_events: int
    last_at: datetime


@dataclass(frozen=True)
class ChurnDay:
    """The churn predictions of a day."""

    day: date
    n_users: int
    mean_risk: float
    n_high: int


@dataclass(frozen=True)
class ChurnModelRow:
    """A model of churn, its figures and those of recency alone. `bins`: tenths of the customers by their risk."""

    run_key: str
    state: str
    reason: str
    trained_at: datetime
    measured_on: date
    n_customers: int
    auc: float
    brier: float
    calibration_error: float
    recency_auc: float
    recency_brier: float
    bins: list[dict[str, float]]


class AdminRepository:
    """Impressions, interactions, received events, generations and churn predictions, counted."""

    def __init__(self, database: Database, groups: Groups) -> None:
        self._database = database
        self._groups = groups

    async def performance(self, since: datetime, attribution: timedelta) -> list[VersionPerformance]:
        """Return what became of the lists since, by model version, that with most impressions first."""
        schema = (await self._groups.schemas_of(None))[0]
        statement = sql("serving/admin/performance", cache=Identifier(schema))
        rows = await self._database.fetch(statement, {"since": since, "attribution": attribution})
        return [
            VersionPerformance(
                model_version=version, n_shown=n_shown, n_clicked=n_clicked, n_bought=n_bought, revenue=revenue
            )
            for version, n_shown, n_clicked, n_bought, revenue in rows
        ]

    async def days(self, since: datetime) -> list[DayPerformance]:
        """Return the items shown and clicked by day."""
        rows = await self._database.fetch(sql("serving/admin/days"), {"since": since})
        return [DayPerformance(day=day, n_shown=n_shown, n_clicked=n_clicked) for day, n_shown, n_clicked in rows]

    async def dwell(self, since: datetime) -> tuple[int, float | None]:
        """Return how many stays with items of lists were reported, and their mean in seconds."""
        ((n_dwells, mean_seconds),) = await self._database.fetch(sql("serving/admin/dwell"), {"since": since})
        return n_dwells, mean_seconds

    async def interactions(self, chosen: Mapping[str, str | None], before: datetime) -> list[InteractionRow]:
        """Return the newest interactions before a moment.

        `chosen`: event_type, item_id, item_type, user_id, source; None is any.
        """
        values = {**chosen, "before": before, "n_rows": MAX_ROWS}
        rows = await self._database.fetch(sql("serving/admin/interactions"), values)
        return [InteractionRow(*row) for row in rows]

    async def received(self, since: datetime) -> tuple[list[Row], list[ReasonRow]]:
        """Return received events by hour (hour, processed, skipped), and by source and reason."""
        hours = await self._database.fetch(sql("serving/admin/received_by_hour"), {"since": since})
        reasons = await self._database.fetch(sql("serving/admin/received_by_reason"), {"since": since})
        return hours, [ReasonRow(*row) for row in reasons]

    async def generations(self) -> list[tuple[str, list[GenerationRow]]]:
        """Return the generations of each cache, by schema."""
        schemas, values = await self._groups.schemas_of(None), {"n_rows": MAX_ROWS}
        return [
            (schema, [GenerationRow(*row) for row in await self._database.fetch(_generations(schema), values)])
            for schema in schemas
        ]

    async def churn(self, since: datetime, high_risk: float) -> list[ChurnDay] | None:
        """Return the churn predictions by day; None if the warehouse has no table of them."""
        ((has_churn,),) = await self._database.fetch(sql("serving/admin/has_churn"))
        if not has_churn:
            return None
        rows = await self._database.fetch(sql("serving/admin/churn"), {"since": since, "high_risk": high_risk})
        return [ChurnDay(*row) for row in rows]

    async def churn_models(self) -> list[ChurnModelRow]:
        """Return the models of churn, the newest first; none where the role may not read them yet."""
        ((has_models,),) = await self._database.fetch(sql("serving/admin/has_churn_models"))
        if not has_models:
            return []
        rows = await self._database.fetch(sql("serving/admin/churn_models"), {"n_rows": MAX_ROWS})
        return [ChurnModelRow(*row) for row in rows]


def _generations(schema: str) -> str:
    return sql("serving/admin/generations", cache=Identifier(schema))
