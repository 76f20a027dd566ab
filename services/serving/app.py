"""The application: `create_app(settings)`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from fastapi import APIRouter, FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute

from aisle.web_guard import WebGuard
from services.serving.admin import endpoints as admin
from services.serving.auth import ApiKeys
from services.serving.churn import endpoints as churn
from services.serving.dependencies import Dependencies
from services.serving.errors import forbidden, install_handlers
from services.serving.experiments import endpoints as experiments
from services.serving.feed import endpoints as feed
from services.serving.health import endpoints as health
from services.serving.https_only import HttpsOnly
from services.serving.interactions import endpoints as interactions
from services.serving.kit import endpoints as kit
from services.serving.pages import router as static_files
from services.serving.recommendations import endpoints as recommendations
from services.serving.regions import endpoints as regions
from services.serving.request_log import REQUEST_ID, RequestLog
from services.serving.settings import ServingSettings
from services.serving.shop import endpoints as shop
from services.serving.webhook import endpoints as webhook

#: The domains of the application, each with a router of its own; the one that is asked most comes first.
DOMAINS = (
    recommendations,
    health,
    kit,
    regions,
    experiments,
    admin,
    feed,
    churn,
    shop,
    interactions,
    webhook,
)

DESCRIPTION = """\
Recommendations from the generation that Aisle's publish stage made live last, and what is popular where there is none.

* **Sources**: a user's published list (`cache`); for users without one the recommender (`campaign`, off by default),
  what is popular where they live (`popular_in_region`), what is popular in the whole shop (`popular`).
* **Freshness**: every list says its `generation`, age and whether it `is_stale`; a stale one is served all the same.
* **Scores** are as the source gave them (`score_kind`); `relative_score` is comparable between lists, from 0 to 1.
* **Filters** leave out items; where nothing is left of a user's list, the next source answers.
* **Conditional requests**: each list has an `ETag`; with `If-None-Match` an unchanged one is a 304 without a body.
* **Authentication**: an API key, as `Authorization: Bearer <key>` or `X-API-Key: <key>`. The routes of the current
  user take that user's token, as `Authorization: Bearer <token>`; or an API key, and the user in `X-User-ID`.
* **Errors** have one body, `{"error": {"code", "message"}}`. Every answer carries `X-Request-ID`.
"""


@cache
def _routes() -> list[BaseRoute]:
    """The routes of every domain. They know no application, and FastAPI builds them slowly: once is enough."""
    router = APIRouter()
    for domain in DOMAINS:
        router.include_router(domain.router)
    router.include_router(static_files)
    return router.routes


def create_app(settings: ServingSettings) -> FastAPI:
    """Make the API over the warehouse that `settings` name."""
    dependencies = Dependencies.of(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await dependencies.database.open()
        exposures = asyncio.create_task(dependencies.exposures.run())
        resumed = asyncio.create_task(shop.resume(dependencies))
        yield
        exposures.cancel()
        await asyncio.wait([exposures, resumed])
        await dependencies.database.close()

    app = FastAPIOffline(
        title="Aisle serving API",
        version="1",
        summary="Product recommendations from the live cache generation.",
        description=DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
    )
    app.state.dependencies, app.state.api_keys = dependencies, ApiKeys(settings.api_key_hashes)
    app.router.routes.extend(_routes())
    install_handlers(app)
    if settings.audience.origins:  # all others are refused before they come here
        app.add_middleware(
            CORSMiddleware,
            allow_origins=sorted(settings.audience.origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "If-None-Match", "X-Session-ID", REQUEST_ID],
            expose_headers=[REQUEST_ID, "ETag", "X-Recommendation-ID", "X-Recommendation-Source"],
        )
    if settings.require_https:
        app.add_middleware(HttpsOnly)
    app.add_middleware(WebGuard, audience=settings.audience, answer=forbidden)
    app.add_middleware(RequestLog)
    return app
