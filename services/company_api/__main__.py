"""Run the simulated order API: `python -m services.company_api --token … --scale tiny`."""

from __future__ import annotations

import argparse
import gc
import logging
import sys

import structlog
from pydantic import ValidationError

from aisle.errors import ConfigurationError
from services.company_api.app import create_app
from services.company_api.settings import PREFIX, CompanyApiSettings
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
    try:
        settings = _settings(arguments)
        app = create_app(settings)
    except ConfigurationError as error:
        sys.exit(str(error))
    # The orders stay for good: without this, every collection would walk through all of them.
    gc.collect()
    gc.freeze()
    serve(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)


def _settings(arguments: list[str] | None) -> CompanyApiSettings:
    """Options over environment over defaults."""
    parser = argparse.ArgumentParser(prog="company_api", description="The company's order API, simulated.")
    for name, field in CompanyApiSettings.model_fields.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", help=f"{field.description} ({PREFIX}{name.upper()})", default=None
        )
    given = {name: value for name, value in vars(parser.parse_args(arguments)).items() if value is not None}
    try:
        return CompanyApiSettings(**given)
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ConfigurationError(
            f"starting the order API: {problems}; give each as an option or as {PREFIX}<NAME> in the environment"
        ) from error


if __name__ == "__main__":
    main()
