"""The routes of the regions: results for programs, and a page for people."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, StringConstraints

from aisle.charts import Chart, intervals
from aisle.contracts.limits import LONGEST_ID
from services.serving.auth import require_api_key, require_login
from services.serving.dependencies import dependencies_of
from services.serving.errors import (
    INVALID_REQUEST,
    DatabaseUnreachable,
    LoginNeeded,
    RegionUnknown,
    ServingError,
    TableMissing,
    Unauthorized,
    WindowUnknown,
    responses,
)
from services.serving.pages import page
from services.serving.regions.repository import RegionsRepository
from services.serving.regions.schemas import RegionHistory, RegionKind, RegionList, RegionResult
from services.serving.regions.service import RegionsService

router = APIRouter(tags=["regions"])

#: Products in the chart; the table has them all.
MAX_BARS = 12


async def _service(request: Request) -> RegionsService:
    dependencies = dependencies_of(request)
    return RegionsService(RegionsRepository(dependencies.database, dependencies.groups), dependencies.settings)


Service = Annotated[RegionsService, Depends(_service)]
Kind = Annotated[RegionKind, Query(description="What the region is", openapi_examples={"a kind": {"value": "city"}})]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LONGEST_ID, pattern=r"^[^\x00]+$"),
    Query(description="Name of the region, in any case", openapi_examples={"a city": {"value": "Lahore"}}),
]


def _in_utc(moment: datetime) -> datetime:
    """Return a moment in UTC. Raises ValueError if its year is before 1 or after 9999 there."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("the moment is outside of the years 1 to 9999 in UTC") from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Window = Annotated[Moment | None, Query(description="A moment of the window; without it, the present window")]
API_KEY, LOGIN = Depends(require_api_key), Depends(require_login)


def _answers(*errors: type[ServingError]) -> dict[int | str, dict[str, object]]:
    return {**responses(*errors, DatabaseUnreachable, TableMissing), **INVALID_REQUEST}


@router.get(
    "/api/v1/regions", summary="Regions that can be asked for", dependencies=[API_KEY], responses=_answers(Unauthorized)
)
async def regions(service: Service, kind: Kind) -> RegionList:
    """The provinces or cities with active users, the most populous first."""
    return await service.regions(kind)


@router.get(
    "/api/v1/regions/result",
    summary="What a region is recommended",
    dependencies=[API_KEY],
    response_model=RegionResult,
    responses={
        **_answers(Unauthorized, RegionUnknown, WindowUnknown),
        200: {"content": {"text/csv": {"schema": {"type": "string"}}}},
    },
)
async def result(
    service: Service,
    kind: Kind,
    region: Name,
    window: Window = None,
    as_file: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Response | RegionResult:
    """Match rate and affinity of what a sample of the region's active users is recommended.

    The sample is uniform and the same for everybody within six hours; a region with fewer active users than a whole
    sample says so (`is_small`). The match rate counts users without a list among the sampled ones.
    """
    answer = await service.result(kind, region, window)
    return _csv(answer) if as_file == "csv" else answer


@router.get(
    "/api/v1/regions/history",
    summary="The last windows of a region",
    dependencies=[API_KEY],
    responses=_answers(Unauthorized, RegionUnknown),
)
async def history(service: Service, kind: Kind, region: Name) -> RegionHistory:
    """The windows in which somebody asked for the region, the newest first, a week of them at the most."""
    return await service.history(kind, region)


@router.get(
    "/regions",
    summary="The page of the regions",
    dependencies=[LOGIN],
    response_class=Response,
    responses=_answers(LoginNeeded, RegionUnknown, WindowUnknown),
)
async def regions_page(
    service: Service,
    place: Annotated[str | None, Query(pattern=r"^(city|province):[^\x00]+$", max_length=LONGEST_ID + 9)] = None,
    window: Window = None,
) -> Response:
    """Bars and a table of the chosen region, of the most populous one at first, and its last windows."""
    choices = [*(await service.regions("province")).regions, *(await service.regions("city")).regions]
    first = f"{choices[0].region_kind}:{choices[0].region}" if choices else None
    kind, _, name = (place or first or "").partition(":")
    shown: dict[str, object] = {"result": None, "windows": [], "chart": None}
    if name:
        chosen: RegionKind = "city" if kind == "city" else "province"
        result = await service.result(chosen, name, window)
        shown["result"], shown["chart"] = result, _chart(result)
        shown["windows"] = (await service.history(chosen, name)).windows
    return page("regions.html", here="/regions", choices=choices, **shown)


@router.get(
    "/regions.csv",
    summary="The table of the page as a file",
    dependencies=[LOGIN],
    response_class=Response,
    responses=_answers(LoginNeeded, RegionUnknown, WindowUnknown),
)
async def regions_file(service: Service, kind: Kind, region: Name, window: Window = None) -> Response:
    """The same as `GET /api/v1/regions/result?format=csv`, for whoever looks at the page."""
    return _csv(await service.result(kind, region, window))


def _chart(result: RegionResult) -> Chart | None:
    """Draw the match rates of the most received products."""
    items = result.items[:MAX_BARS]
    rows = [
        (
            item.product_name or item.item_id,
            item.match_rate,
            (item.interval_low, item.interval_high),
            item.affinity,
        )
        for item in items
    ]
    words = f"Match rates of the {len(items)} most received products in {result.region_name}, in percent"
    return intervals(rows, words, name="match rate", unit=" %")


def _csv(result: RegionResult) -> Response:
    """One row per item, with the sample beside each, so that files of several regions can be laid under each other."""
    about = {
        "region_kind": result.region_kind,
        "region": _as_text(result.region_name),
        "window_start": _moment(result.window_start),
        "generation": result.generation or "",
        "n_sampled": result.n_sampled,
        "is_small": str(result.is_small).lower(),
    }
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    columns = ("item_id", "product_name", "receivers", "match_rate", "interval_low", "interval_high", "affinity",
               "average_score")  # fmt: skip
    writer.writerow([*about, *columns])
    for item in result.items:
        row = item.model_dump() | {"item_id": _as_text(item.item_id), "product_name": _as_text(item.product_name or "")}
        writer.writerow([*about.values(), *(_rounded(row[column]) for column in columns)])
    name = f"region-{result.region_kind}-{result.window_start:%Y%m%dT%H%MZ}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(file.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _as_text(value: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _rounded(value: object) -> object:
    return round(value, 4) if isinstance(value, float) else value


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"
