"""`python -m services.engine`: run the engine until SIGTERM."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path

import structlog
from structlog.typing import Processor

from aisle.errors import ConfigurationError
from services.engine.http import create_app, exit_code
from services.engine.settings import EngineSettings
from services.server import serve


def main() -> None:
    """Read the options and serve. An option beats its environment variable."""
    parser = argparse.ArgumentParser(prog="python -m services.engine", description=__doc__)
    parser.add_argument("--host", help="address to listen on (ENGINE_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (ENGINE_PORT)")
    parser.add_argument("--data-dir", type=Path, help="folder of everything it keeps (ENGINE_DATA_DIR)")
    given = {name: value for name, value in vars(parser.parse_args()).items() if value is not None}
    settings = EngineSettings(**given)
    log_as_json()
    try:
        app = create_app(settings)
    except ConfigurationError as error:
        sys.exit(str(error))
    # uvicorn ends its work on SIGTERM and then raises the signal again, for whoever was there before.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(exit_code(app)))
    serve(app, host=settings.host, port=settings.port, log_config=None, access_log=False)


def log_as_json() -> None:
    """One JSON object per line on stdout, whoever logs."""
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
