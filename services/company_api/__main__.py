"""Run the simulated order API: `python -m services.company_api --token … --scale tiny`."""

from __future__ import annotations

import gc
import logging
import sys

import structlog

from aisle.errors import ConfigurationError
from services.company_api.app import create_app
from services.company_api.settings import CompanyApiSettings
from services.options import read_settings
from services.server import serve


def main(arguments: list[str] | None = None) -> None:
    """Serve until stopped. Ends with one line on standard error if the settings or the orders are not usable."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    settings = read_settings(
        CompanyApiSettings, program="company_api", about="The company's order API, simulated.",
        options=tuple(CompanyApiSettings.model_fields), arguments=arguments,
    )  # fmt: skip
    try:
        app = create_app(settings)
    except ConfigurationError as error:
        sys.exit(str(error))
    # The orders stay for good: without this, every collection would walk through all of them.
    gc.collect()
    gc.freeze()
    serve(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
