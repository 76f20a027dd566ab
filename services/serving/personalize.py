"""Clients of Amazon Personalize or the engine: one attempt with a short limit, and each call is timed."""

from __future__ import annotations

import time
from typing import Any, Literal

import boto3
from botocore.config import Config

from services.serving.metrics import CAMPAIGN_SECONDS
from services.serving.settings import ServingSettings

Service = Literal["personalize-events", "personalize-runtime"]
#: Where a call keeps when it began, in what botocore hands from hook to hook.
_STARTED = "aisle_started_at"


def region_of(arn: str) -> str:
    """Return the region of an ARN."""
    return arn.split(":")[3]


def personalize_client(settings: ServingSettings, service: Service, region: str, seconds: float) -> Any:
    """Return a client whose calls are not repeated, and wait `seconds` to connect and as long between two packets."""
    client = boto3.client(
        service,
        region_name=region,
        endpoint_url=settings.personalize_endpoint_url or None,
        config=Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}),
    )
    client.meta.events.register("before-call", _begin)
    client.meta.events.register("after-call", _end)
    client.meta.events.register("after-call-error", _end)
    return client


def _begin(context: dict[str, Any], **_: object) -> None:
    context[_STARTED] = time.monotonic()


def _end(context: dict[str, Any], event_name: str, **_: object) -> None:
    operation = event_name.rpartition(".")[2]
    CAMPAIGN_SECONDS.labels(operation).observe(time.monotonic() - context[_STARTED])
