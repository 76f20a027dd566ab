"""The recommender in real time, for users and items without a list: campaigns of Amazon Personalize or the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec
import structlog
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from aisle.contracts.recommendations import ScoredProduct, ScoreKind
from services.serving.metrics import CAMPAIGN_FAILURES
from services.serving.personalize import personalize_client, region_of
from services.serving.settings import ServingSettings

log = structlog.get_logger(__name__)


class _CampaignItem(msgspec.Struct, rename="camel"):
    """One item of an answer. JSON has no infinities, but Python's reader of it has."""

    item_id: Annotated[str, msgspec.Meta(min_length=1)]
    score: Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)] = 0.0


class _CampaignAnswer(msgspec.Struct, rename="camel"):
    item_list: list[_CampaignItem]


class Campaigns:
    """Asks the campaigns of a dataset group for the list of a user or an item, once.

    What goes wrong costs the caller the list, and nothing else.
    """

    def __init__(self, settings: ServingSettings) -> None:
        self._of_users = settings.campaigns if settings.real_time else {}
        self._of_items = settings.similar_campaigns if settings.real_time else {}
        self._n_items = settings.campaign_items
        self._seconds = settings.real_time_seconds
        #: The engine is chosen by the endpoint, as everywhere.
        self.score_kind: ScoreKind = "engine" if settings.personalize_endpoint_url else "personalize"
        regions = {region_of(arn) for arn in (*self._of_users.values(), *self._of_items.values())}
        self._clients = {
            region: personalize_client(settings, "personalize-runtime", region, self._seconds) for region in regions
        }

    async def recommend(self, user_id: str, group: str | None) -> Sequence[ScoredProduct] | None:
        """Return what a group's campaign recommends to a user; without a group, the first campaign.

        None if there is no such campaign, or it is switched off, silent, or has nothing.
        """
        return await self._ask(_chosen(self._of_users, group), userId=user_id)

    async def similar_to(self, item_id: str, group: str | None) -> Sequence[ScoredProduct] | None:
        """Return what a group's campaign of similar items has for an item; None as in `recommend`."""
        return await self._ask(_chosen(self._of_items, group), itemId=item_id)

    async def _ask(self, arn: str | None, **question: str) -> Sequence[ScoredProduct] | None:
        if arn is None:
            return None
        ask = self._clients[region_of(arn)].get_recommendations
        try:
            # botocore's own limits hold for each packet, so a slow sender would keep the caller waiting.
            async with asyncio.timeout(self._seconds):
                answer = await asyncio.to_thread(ask, campaignArn=arn, numResults=self._n_items, **question)
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


def _chosen(arns: Mapping[str, str], group: str | None) -> str | None:
    """Return the campaign of a group, or the first one."""
    return next(iter(arns.values()), None) if group is None else arns.get(group)


def _report(reason: str, request_id: str | None = None) -> None:
    """Count and log a failed call: its operation, its reason and its id, never the user."""
    CAMPAIGN_FAILURES.labels(reason).inc()
    log.warning("campaign gave no list", operation="GetRecommendations", reason=reason, aws_request_id=request_id)
