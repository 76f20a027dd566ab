"""Run the reports site: `python -m services.reports`, configured by REPORTS_… in the environment."""

from __future__ import annotations

from services.options import read_settings
from services.reports.app import create_app
from services.reports.settings import ReportsSettings
from services.server import serve


def main() -> None:
    """Serve until told to stop."""
    settings = read_settings(ReportsSettings, program="reports", about="The site of dbt docs and Data Docs.")
    settings.directory.mkdir(parents=True, exist_ok=True)
    serve(create_app(settings), host=settings.host, port=settings.port, log_level="warning")


if __name__ == "__main__":
    main()
