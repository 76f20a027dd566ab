"""The company API as Airflow knows it: a connection."""

from __future__ import annotations

from airflow.sdk import BaseHook

from aisle.errors import ConfigurationError
from aisle.orders.address import api_address
from aisle.orders.client import CompanyApi
from aisle.settings import Ingest

CONNECTION_ID = "company_api"


def company_api(settings: Ingest) -> CompanyApi:
    """Return a client of the Airflow connection `company_api`: its host, with or without scheme and port, its token.

    Raises:
        ConfigurationError: the connection has no host or no password.
    """
    connection = BaseHook.get_connection(CONNECTION_ID)
    if not connection.host or not connection.password:
        raise ConfigurationError(
            f"the Airflow connection {CONNECTION_ID} has no host or no password; give it the API's address and token"
        )
    return CompanyApi(
        api_address(connection.host, connection.schema, connection.port, allow_http=settings.allow_http),
        connection.password,
        page_orders=settings.page_orders,
        timeout_seconds=settings.timeout_seconds,
        attempts=settings.attempts,
        max_page_megabytes=settings.max_page_megabytes,
        max_window_pages=settings.max_window_pages,
        max_splits=settings.max_splits,
        ignored_members=settings.ignored_members,
    )
