"""`python -m services.serving`: the API on SERVING_HOST and SERVING_PORT until it is told to stop."""

from __future__ import annotations

from services.options import read_settings
from services.server import serve
from services.serving.app import create_app
from services.serving.request_log import configure_logging
from services.serving.settings import ServingSettings


def main() -> None:
    """Serve. uvicorn's own access log stays off, because it would write the user ids of the paths."""
    settings = read_settings(ServingSettings, program="serving", about="The recommendations API.")
    configure_logging()
    serve(create_app(settings), host=settings.host, port=settings.port, log_config=None, access_log=False)


if __name__ == "__main__":
    main()
