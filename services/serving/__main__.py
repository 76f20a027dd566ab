"""`python -m services.serving`: the API on SERVING_HOST and SERVING_PORT until it is told to stop."""

from __future__ import annotations

import os
from contextlib import ExitStack
from tempfile import TemporaryDirectory

from fastapi import FastAPI

from services.options import read_settings
from services.server import serve
from services.serving.app import create_app
from services.serving.error_reports import report_errors
from services.serving.metrics import SHARED_FOLDER
from services.serving.request_log import configure_logging
from services.serving.settings import ServingSettings


def main() -> None:
    """Serve. uvicorn's own access log stays off, because it would write the user ids of the paths."""
    settings = _settings()
    with ExitStack() as until_the_end:
        if settings.workers > 1:
            os.environ[SHARED_FOLDER] = until_the_end.enter_context(TemporaryDirectory(prefix="aisle-metrics-"))
        configure_logging()
        serve(
            "services.serving.__main__:application",
            host=settings.host,
            port=settings.port,
            factory=True,
            workers=settings.workers,
            log_config=None,
            access_log=False,
        )


def application() -> FastAPI:
    """Make the application, once in each worker process."""
    configure_logging()
    settings = _settings()
    report_errors(settings.sentry_dsn.get_secret_value())
    return create_app(settings)


def _settings() -> ServingSettings:
    return read_settings(ServingSettings, program="serving", about="The recommendations API.", arguments=[])


if __name__ == "__main__":
    main()
