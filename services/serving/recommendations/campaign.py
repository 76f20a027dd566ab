"""The recommender in real time, for users who have no list yet: campaigns of Amazon Personalize, or of the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import boto3
import msgspec
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from aisle.contracts.recommendations import ScoredProduct, ScoreKind
from services.serving.metrics import CAMPAIGN_FAILURES
from services.serving.settings import ServingSettings

log = structlog.get_logger(__name__)


class _CampaignItem(msgspec.Struct, rename="camel"):
    """One item of an answer. JSON has no infinities, but Python's reader of it has."""

    item_id: Annotated[str, msgspec.Meta(min_length=1)]
    score: Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)] = 0.0


class _CampaignAnswer(msgspec.Struct, rename="camel"):
    item_list: list[_CampaignItem]


class Campaigns:
    """Asks the campaign of a dataset group for a user's list, once.

    What goes wrong costs the caller the list, and nothing else.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._arns = settings.campaigns if settings.real_time else {}
        self._n_items = settings.campaign_items
        self._seconds = settings.real_time_seconds
        #: The engine is chosen by the endpoint, as everywhere.
        self.score_kind: ScoreKind = "engine" if settings.personalize_endpoint_url else "personalize"
        self._clients = {region: _client(settings, region) for region in set(map(_region, self._arns.values()))}

    async def recommend(self, user_id: str, group: str | None) -> Sequence[ScoredProduct] | None:
        """Return what a group's campaign recommends to a user; without a group, the first campaign.

        None if there is no such campaign, or it is switched off, silent, or has nothing.
        """
        arn = next(iter(self._arns.values()), None) if group is None else self._arns.get(group)
        if arn is None:
            return None
        ask = self._clients[_region(arn)].get_recommendations
        try:
            # botocore's own limits hold for each packet, so a slow sender would keep the caller waiting.
            async with asyncio.timeout(self._seconds):
                answer = await asyncio.to_thread(ask, campaignArn=arn, userId=user_id, numResults=self._n_items)
            items = msgspec.convert(answer, _CampaignAnswer).item_list
        except TimeoutError:
            _report("timeout")
            return None
        except (AttributeError, KeyError, TypeError, ValueError, ResponseParserError):
            # botocore does not check an answer against its model, and fails in its own ways where it cannot read it.
            _report("malformed")
            return None
        except ClientError as error:
            _report(error.response["Error"]["Code"], error.response["ResponseMetadata"].get("RequestId"))
            return None
        except BotoCoreError as error:
            _report(type(error).__name__)
            return None
        if not items:
            _report("empty")
            return None
        return [ScoredProduct(item.item_id, item.score) for item in items]


def _region(arn: str) -> str:
    return arn.split(":")[3]


def _client(settings: ServingSettings, region: str) -> Any:
    seconds = settings.real_time_seconds
    return boto3.client(
        "personalize-runtime",
        region_name=region,
        endpoint_url=settings.personalize_endpoint_url or None,
        config=Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1}),
    )


def _report(reason: str, request_id: str | None = None) -> None:
    """Count and log a failed call: its operation, its reason and its id, never the user."""
    CAMPAIGN_FAILURES.labels(reason).inc()
    log.warning("campaign gave no list", operation="GetRecommendations", reason=reason, aws_request_id=request_id)
