"""`python -m services.engine`: run the engine until SIGTERM."""

from __future__ import annotations

import logging
import signal
import sys

import structlog
from structlog.typing import Processor

from aisle.errors import ConfigurationError
from services.engine.http import create_app, exit_code
from services.engine.settings import EngineSettings
from services.options import read_settings
from services.server import serve


def main() -> None:
    """Read the options and serve. An option takes precedence over its environment variable."""
    settings = read_settings(
        EngineSettings, program="engine", about="The Personalize API, answered from imported data.",
        options=("host", "port", "data_dir"),
    )  # fmt: skip
    log_as_json()
    try:
        app = create_app(settings)
    except ConfigurationError as error:
        sys.exit(str(error))
    # uvicorn shuts down on SIGTERM and then raises the signal again for the handler that was set before.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(exit_code(app)))
    serve(app, host=settings.host, port=settings.port, log_config=None, access_log=False)


def log_as_json() -> None:
    """Write each log entry, the engine's and the libraries', to stdout as one JSON object per line."""
    stamps: list[Processor] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso", utc=True)]
    renderers: list[Processor] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    structlog.configure(processors=[*stamps, *renderers], logger_factory=structlog.PrintLoggerFactory(sys.stdout))
    of_libraries = structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers], foreign_pre_chain=stamps
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(of_libraries)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


if __name__ == "__main__":
    main()
