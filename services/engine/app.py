"""The engine over HTTP: `POST` speaks the API of the three services, `GET /` and `/health/…` are for people."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.engine import protocol
from services.engine.data.datasets import Datasets
from services.engine.errors import PersonalizeError
from services.engine.files import DataFolder
from services.engine.jobs.batch_inference import BatchInference
from services.engine.jobs.dataset_import import DatasetImport
from services.engine.jobs.train import Train
from services.engine.lifecycle import Job, Lifecycle
from services.engine.operations.base import Answer, Call
from services.engine.provider import Provider
from services.engine.resources import BATCH_INFERENCE_JOB, DATASET_IMPORT_JOB, DEFAULT_REGION, KINDS, SOLUTION_VERSION
from services.engine.settings import EngineSettings
from services.engine.store import Store

log = structlog.get_logger()

_CREDENTIAL_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[a-z0-9\-]+)/")


@dataclass
class Engine:
    """The parts of a running engine."""

    store: Store
    lifecycle: Lifecycle
    provider: Provider

    @classmethod
    def open(cls, settings: EngineSettings) -> Engine:
        """Read what an earlier process left and go on with it."""
        files = DataFolder(settings.data_dir)
        store = Store(files.database)
        datasets = Datasets(store, files)
        jobs: dict[str, Job] = {
            DATASET_IMPORT_JOB.noun: DatasetImport(store, files),
            SOLUTION_VERSION.noun: Train(datasets, files),
            BATCH_INFERENCE_JOB.noun: BatchInference(store, files),
        }
        lifecycle = Lifecycle(store, files, jobs, settings.step_seconds)
        lifecycle.resume()
        return cls(store, lifecycle, Provider(store, lifecycle, datasets))

    def close(self) -> None:
        self.lifecycle.close()

    def answer(self, target: str, body: bytes, region: str) -> tuple[int, bytes]:
        """Status and body of the answer to one call of the control plane."""
        try:
            operation = protocol.control_operation(target)
        except PersonalizeError as error:
            return 400, protocol.error_body(error)
        return self._answer(operation, self.provider.answer, body, region)

    def answer_data(self, path: str, body: bytes, region: str) -> tuple[int, bytes]:
        """Status and body of the answer to one call of the runtime or of the events service."""
        return self._answer(protocol.paths()[path], self.provider.answer_data, body, region)

    def _answer(
        self, operation: Any, carry_out: Callable[[str, Call], Answer], body: bytes, region: str
    ) -> tuple[int, bytes]:
        try:
            call = Call(protocol.parse(operation, body), region)
            return 200, protocol.success_body(operation, carry_out(operation.name, call))
        except PersonalizeError as error:
            return protocol.error_status(operation, error), protocol.error_body(error)


def create_app(settings: EngineSettings) -> Starlette:
    """The engine as an ASGI application; it opens its data folder when it starts up."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.engine = await run_in_threadpool(Engine.open, settings)
        yield
        app.state.engine.close()

    routes = [
        Route("/", control_plane, methods=["POST"]),
        *(Route(path, data_plane, methods=["POST"]) for path in protocol.paths()),
        Route("/", overview, methods=["GET"]),
        Route("/health/live", health),
        Route("/health/ready", health),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


async def control_plane(request: Request) -> Response:
    """One call of the control plane."""
    target = request.headers.get("x-amz-target", "")
    engine: Engine = request.app.state.engine
    return await _answered(request, partial(engine.answer, target), target.rpartition(".")[2], protocol.CONTROL)


async def data_plane(request: Request) -> Response:
    """One call of the runtime or of the events service."""
    operation = protocol.paths()[request.url.path]
    engine: Engine = request.app.state.engine
    answer = partial(engine.answer_data, request.url.path)
    return await _answered(request, answer, operation.name, operation.service_model.service_name)


async def _answered(
    request: Request, answer: Callable[[bytes, str], tuple[int, bytes]], operation: str, service: str
) -> Response:
    started = time.monotonic()
    request_id = str(uuid.uuid4())
    region = region_of(request.headers.get("authorization", ""))
    status, content = await run_in_threadpool(answer, await request.body(), region)
    log.info(
        "call", operation=operation, status=status, request_id=request_id,
        milliseconds=round((time.monotonic() - started) * 1000, 1),
    )  # fmt: skip
    return Response(content, status, {"x-amzn-RequestId": request_id}, media_type=protocol.CONTENT_TYPES[service])


async def overview(request: Request) -> Response:
    """Every resource and its state, by kind."""
    store: Store = request.app.state.engine.store
    listed = await run_in_threadpool(
        lambda: {
            kind.plural: [{"arn": one.arn, "status": one.status, "failureReason": one.body.get("failureReason")}
                          for one in store.page(kind)]
            for kind in KINDS.values()
        }
    )  # fmt: skip
    return JSONResponse(listed)


async def health(request: Request) -> Response:
    """Answers as soon as the data folder is open."""
    return JSONResponse({"status": "ok"})


def region_of(authorization: str) -> str:
    """The region in a signature's credential scope. Signatures are not checked: the engine has one account."""
    matched = _CREDENTIAL_SCOPE.search(authorization)
    return matched["region"] if matched else DEFAULT_REGION
