"""Unexpected errors to Sentry, where a DSN is set: the error and its place in the code, nothing that names a person."""

from __future__ import annotations

import sentry_sdk
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.integrations.starlette import StarletteIntegration
from sentry_sdk.types import Event, Hint


def report_errors(dsn: str, transport: type[sentry_sdk.Transport] | None = None) -> None:
    """Send unexpected errors to a DSN from now on; an empty one sends nothing. `transport` takes the place of HTTP."""
    if not dsn:
        return
    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        default_integrations=False,
        integrations=[StarletteIntegration(failed_request_status_codes=set()), LoggingIntegration(event_level=None)],
        auto_enabling_integrations=False,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_without_persons,
    )


def _without_persons(event: Event, hint: Hint) -> Event:
    """Leave out the request and the texts of errors: a path names a user, and an error may quote one."""
    for member in ("request", "user", "breadcrumbs", "extra", "server_name"):
        event.pop(member, None)  # type: ignore[misc]
    for value in event.get("exception", {}).get("values", []):
        value["value"] = ""
    return event
