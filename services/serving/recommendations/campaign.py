"""The recommender in real time, for users who have no list yet: a campaign of Amazon Personalize, or of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from aisle.contracts.recommendations import ScoredProduct, ScoreKind
from services.serving.metrics import CAMPAIGN_FAILURES
from services.serving.settings import ServingSettings

log = structlog.get_logger(__name__)


class Campaign:
    """Asks for a user's list, once. What goes wrong costs the caller the list, and nothing else."""

    def __init__(self, settings: ServingSettings) -> None:
        self._arn = settings.campaign_arn
        self._n_items = settings.campaign_items
        #: The engine is chosen by the endpoint, as everywhere.
        self.score_kind: ScoreKind = "engine" if settings.personalize_endpoint_url else "personalize"
        self._client = _client(settings) if settings.real_time else None

    async def recommend(self, user_id: str) -> Sequence[ScoredProduct] | None:
        """Return what the campaign recommends to a user; None if it is switched off, silent, or has nothing."""
        if self._client is None:
            return None
        try:
            answer = await asyncio.to_thread(
                self._client.get_recommendations, campaignArn=self._arn, userId=user_id, numResults=self._n_items
            )
        except ClientError as error:
            _report(error.response["Error"]["Code"], error.response["ResponseMetadata"].get("RequestId"))
            return None
        except BotoCoreError as error:
            _report(type(error).__name__)
            return None
        if not answer["itemList"]:
            _report("empty")
            return None
        return [ScoredProduct(item["itemId"], float(item.get("score", 0.0))) for item in answer["itemList"]]


def _client(settings: ServingSettings) -> Any:
    seconds = settings.real_time_seconds
    return boto3.client(
        "personalize-runtime",
        region_name=settings.campaign_arn.split(":")[3],
        endpoint_url=settings.personalize_endpoint_url or None,
        config=Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}),
    )


def _report(reason: str, request_id: str | None = None) -> None:
    """Count and log a failed call: its operation, its reason and its id, never the user."""
    CAMPAIGN_FAILURES.labels(reason).inc()
    log.warning("campaign gave no list", operation="GetRecommendations", reason=reason, aws_request_id=request_id)
