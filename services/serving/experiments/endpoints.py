"""The routes of the experiments: reports for programs, and pages for people."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response

from aisle.charts import Chart, columns, intervals
from services.serving.auth import require_api_key, require_login
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    ExperimentUnknown,
    LoginNeeded,
    TableMissing,
    Unauthorized,
    responses,
)
from services.serving.experiments.repository import ExperimentsRepository
from services.serving.experiments.schemas import Conclusion, ExperimentList, ExperimentReport
from services.serving.experiments.service import ExperimentsService
from services.serving.pages import page

router = APIRouter(tags=["experiments"])

_LEVELS: dict[Conclusion, str] = {"better": "good", "worse": "bad", "guardrail_broken": "bad"}


async def _service(request: Request) -> ExperimentsService:
    dependencies = dependencies_of(request)
    return ExperimentsService(dependencies.assigner.experiments, ExperimentsRepository(dependencies.database))


Service = Annotated[ExperimentsService, Depends(_service)]
Name = Annotated[str, Path(min_length=1, max_length=63, openapi_examples={"an experiment": {"value": "new-weights"}})]
API_KEY, LOGIN = Depends(require_api_key), Depends(require_login)
_FAILURES = (ExperimentUnknown, DatabaseUnreachable, TableMissing)


@router.get("/api/v1/experiments", summary="All experiments", dependencies=[API_KEY], responses=responses(Unauthorized))
async def experiments(service: Service) -> ExperimentList:
    """The experiments of the file, planned, running and ended ones."""
    return service.all()


@router.get(
    "/api/v1/experiments/{name}",
    summary="What has come of an experiment",
    dependencies=[API_KEY],
    responses=responses(Unauthorized, *_FAILURES) | INVALID_REQUEST,
)
async def report(service: Service, name: Name) -> ExperimentReport:
    """Exposures and outcomes by arm, the effect on the outcome and on the guardrail, and the check of the split.

    All intervals and p-values hold at any moment: the report may be read as often as one likes.
    """
    return await service.report(name)


@router.get(
    "/experiments", summary="The page of the experiments", dependencies=[LOGIN], response_class=Response,
    responses=responses(LoginNeeded),
)  # fmt: skip
async def experiments_page(service: Service) -> Response:
    """All experiments."""
    return page("experiments.html", here="/experiments", experiments=service.all().experiments)


@router.get(
    "/experiments/{name}", summary="The page of an experiment", dependencies=[LOGIN], response_class=Response,
    responses=responses(LoginNeeded, *_FAILURES) | INVALID_REQUEST,
)  # fmt: skip
async def report_page(service: Service, name: Name) -> Response:
    """The conclusion, the effect with its interval, the arms, and the exposures by day."""
    report = await service.report(name)
    return page("experiment.html", here="/experiments", report=report, effects=_effects(report), days=_days(report))


def _effects(report: ExperimentReport) -> Chart | None:
    """Draw the differences from the control, in percentage points."""
    rows = [
        (arm.name, 100 * arm.effect.difference, (100 * arm.effect.low, 100 * arm.effect.high),
         _LEVELS.get(arm.conclusion or "undecided", "idle"))
        for arm in report.reports
        if arm.effect
    ]  # fmt: skip
    words = f"Difference of the rate of users who {report.outcome} from {report.arms[0]}, in percentage points"
    return intervals(rows, words, name="difference in percentage points")


def _days(report: ExperimentReport) -> Chart | None:
    """Draw the users who were first shown each arm, by day."""
    days = sorted({exposures.day for exposures in report.days})
    counted = {(exposures.day, exposures.arm): exposures.n_users for exposures in report.days}
    series = {arm: [float(counted.get((day, arm), 0)) for day in days] for arm in report.arms}
    return columns(
        [day.isoformat() for day in days],
        series,
        "Users shown an arm for the first time, by day",
        axis="day (UTC)",
        measure="users",
    )
