"""Run the reports site: `python -m services.reports`, told where by REPORTS_HOST, REPORTS_PORT, REPORTS_DIRECTORY."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from services.reports.app import create_app
from services.server import serve


class ReportsSettings(BaseSettings):
    """Where the site listens and what it shows."""

    model_config = SettingsConfigDict(env_prefix="REPORTS_", frozen=True)

    host: str = "127.0.0.1"
    port: int = 8001
    directory: Path


def main() -> None:
    """Serve until told to stop."""
    settings = ReportsSettings()
    settings.directory.mkdir(parents=True, exist_ok=True)
    serve(create_app(settings.directory), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
