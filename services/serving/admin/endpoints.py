"""The owner's pages, and the figures of the recommendations for programs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response

from aisle.charts import Chart, columns, curves, history
from aisle.contracts.limits import LONGEST_ID
from services.serving.admin.repository import AdminRepository, ChurnDay, ChurnModelRow
from services.serving.admin.schemas import DayPerformance, Performance
from services.serving.auth import require_api_key, require_login
from services.serving.database import Row
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    LoginNeeded,
    TableMissing,
    Unauthorized,
    responses,
)
from services.serving.metrics import answer_shares, request_times
from services.serving.pages import page

router = APIRouter(tags=["admin"])

#: A purchase is attributed to a click on the item this long before it.
ATTRIBUTION = timedelta(days=7)
_LOGIN = Depends(require_login)
_PAGE = responses(LoginNeeded, DatabaseUnreachable, TableMissing) | INVALID_REQUEST


async def _repository(request: Request) -> AdminRepository:
    dependencies = dependencies_of(request)
    return AdminRepository(dependencies.database, dependencies.groups)


Repository = Annotated[AdminRepository, Depends(_repository)]
Days = Annotated[int, Query(ge=1, le=90, description="How many days back")]
Word = Annotated[str | None, Query(max_length=LONGEST_ID, pattern=r"^[^\x00]*$")]


async def _performance(repository: Repository, days: Days = 28) -> Performance:
    since = datetime.now(UTC) - timedelta(days=days)
    n_dwells, mean_seconds = await repository.dwell(since)
    return Performance(
        since=since,
        attribution_days=ATTRIBUTION.days,
        versions=await repository.performance(since, ATTRIBUTION),
        days=await repository.days(since),
        n_dwells=n_dwells,
        mean_dwell_seconds=mean_seconds,
    )


@router.get(
    "/api/v1/performance",
    summary="What became of the recommendations",
    dependencies=[Depends(require_api_key)],
    responses=responses(Unauthorized, DatabaseUnreachable, TableMissing) | INVALID_REQUEST,
)
async def performance(performance: Annotated[Performance, Depends(_performance)]) -> Performance:
    """Impressions, clicks, purchases and attributed revenue by model version, and by day."""
    return performance


@router.get(
    "/admin", summary="The page of the recommendations' performance", dependencies=[_LOGIN], response_class=Response,
    responses=_PAGE,
)  # fmt: skip
async def performance_page(performance: Annotated[Performance, Depends(_performance)], days: Days = 28) -> Response:
    """Click rate, conversion, attributed revenue and dwell time, with the hit rate and times of this process."""
    return page(
        "admin.html", here="/admin", performance=performance, days=days, chart=_click_rates(performance.days),
        shares=answer_shares(), times=request_times(),
    )  # fmt: skip


@router.get(
    "/admin/interactions", summary="The page of the interactions", dependencies=[_LOGIN], response_class=Response,
    responses=_PAGE,
)  # fmt: skip
async def interactions_page(
    repository: Repository,
    event_type: Word = None,
    item_id: Word = None,
    item_type: Word = None,
    user_id: Word = None,
    source: Literal["amplitude", "api", "feed", "shop", ""] | None = None,
    before: datetime | None = None,
) -> Response:
    """The newest interactions, filtered; older ones page by page."""
    given = {
        "event_type": event_type, "item_id": item_id, "item_type": item_type, "user_id": user_id, "source": source,
    }  # fmt: skip
    chosen = {name: value or None for name, value in given.items()}
    shown = await repository.interactions(chosen, before or datetime.now(UTC) + timedelta(hours=1))
    return page("interactions.html", here="/admin/interactions", chosen=chosen, interactions=shown)


@router.get(
    "/admin/events", summary="The page of received events", dependencies=[_LOGIN], response_class=Response,
    responses=_PAGE,
)  # fmt: skip
async def events_page(repository: Repository) -> Response:
    """What became of the events of the last two days, by hour, source and reason."""
    hours, reasons = await repository.received(datetime.now(UTC) - timedelta(days=2))
    return page("events.html", here="/admin/events", chart=_hours(hours), reasons=reasons)


@router.get(
    "/admin/cache", summary="The page of the cache", dependencies=[_LOGIN], response_class=Response, responses=_PAGE
)
async def cache_page(request: Request, repository: Repository) -> Response:
    """The generations of each dataset group's cache, and how to roll back and to invalidate."""
    ttl = dependencies_of(request).settings.cache_ttl
    caches = await repository.generations()
    return page("caches.html", here="/admin/cache", caches=caches, at=datetime.now(UTC), ttl=ttl)


@router.get(
    "/admin/churn", summary="The page of churn predictions", dependencies=[_LOGIN], response_class=Response,
    responses=_PAGE,
)  # fmt: skip
async def churn_page(request: Request, repository: Repository, days: Days = 90) -> Response:
    """How high the risk of churn was, by day, and the models that said so."""
    high_risk = dependencies_of(request).settings.churn_high_from
    history_of_days = await repository.churn(datetime.now(UTC) - timedelta(days=days), high_risk)
    models = await repository.churn_models()
    return page(
        "churn.html", here="/admin/churn", history=history_of_days, chart=_risks(history_of_days or []),
        high_risk=high_risk, models=models, figures=_figures_of_models(models), calibration=_calibration(models),
    )  # fmt: skip


def _click_rates(days: list[DayPerformance]) -> Chart | None:
    rates = [100 * day.n_clicked / day.n_shown if day.n_shown else None for day in days]
    labels = [day.day.isoformat() for day in days]
    return history(labels, {"click rate": rates}, "Clicks of 100 shown items, by day", axis="day (UTC)", unit=" %")


def _hours(hours: list[Row]) -> Chart | None:
    labels = [f"{hour:%m-%d %H}:00" for hour, *_ in hours]
    series = {"processed": [float(row[1]) for row in hours], "skipped": [float(row[2]) for row in hours]}
    return columns(
        labels, series, "Events received in the last two days, by hour (UTC)", axis="hour (UTC)", measure="events"
    )


def _figures_of_models(models: list[ChurnModelRow]) -> Chart | None:
    oldest_first = models[::-1]
    series = {
        "AUC": [model.auc for model in oldest_first],
        "AUC of recency alone": [model.recency_auc for model in oldest_first],
        "Brier score": [model.brier for model in oldest_first],
        "Brier score of recency alone": [model.recency_brier for model in oldest_first],
    }
    labels = [model.run_key for model in oldest_first]
    return history(labels, series, "AUC and Brier score of each model on customers it has not seen", axis="model")


def _calibration(models: list[ChurnModelRow]) -> Chart | None:
    """The tenths of the customers that the live model was measured on; on the diagonal, risks mean what they say."""
    live = next((model for model in models if model.state == "live"), None)
    if live is None:
        return None
    risks = [part["mean_risk"] for part in live.bins]
    series = {"churned": [part["churned_share"] for part in live.bins], "as predicted": risks}
    return curves(risks, series, "Share of customers who churned, by their risk, of the live model", axis="risk")


def _risks(days: list[ChurnDay]) -> Chart | None:
    labels = [day.day.isoformat() for day in days]
    return history(labels, {"mean risk": [day.mean_risk for day in days]}, "Mean risk of churn, by day", axis="day")
