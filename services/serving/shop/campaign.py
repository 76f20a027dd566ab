"""The recommender of the shop page, where the settings name one; without an answer of it the cache answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import boto3
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from aisle.shop import CampaignAddress, Selection, ShopAnswer, ShopCampaign
from services.serving.settings import ServingSettings

log = structlog.get_logger(__name__)


class Recommender:
    """A campaign, or none."""

    def __init__(self, settings: ServingSettings) -> None:
        self._campaign = _campaign(settings) if settings.shop_campaign_arn else None

    def recommend(self, user_id: str, selection: Selection, at: datetime) -> ShopAnswer | None:
        """Return the campaign's list; None if there is no campaign, or it gives none. Blocks for seconds at most."""
        if self._campaign is None:
            return None
        try:
            answer = self._campaign.recommend(user_id, selection, at)
        except ClientError as error:
            response = error.response["ResponseMetadata"]
            _report(error.operation_name, error.response["Error"]["Code"], response.get("RequestId"))
            return None
        # botocore does not check an answer against its model, and fails in its own ways where it cannot read it.
        except (BotoCoreError, ResponseParserError, AttributeError, KeyError, TypeError, ValueError) as error:
            _report("recommend", type(error).__name__)
            return None
        return answer if answer.products else None


def _campaign(settings: ServingSettings) -> ShopCampaign:
    seconds = settings.shop_seconds / 4  # three calls fit into the limit of a request
    config = Config(connect_timeout=seconds, read_timeout=seconds, retries={"total_max_attempts": 1})

    def client(service: str) -> Any:
        endpoint = settings.personalize_endpoint_url or None
        region = settings.shop_campaign_arn.split(":")[3]
        return boto3.client(service, region_name=region, endpoint_url=endpoint, config=config)

    address = CampaignAddress(
        campaign_arn=settings.shop_campaign_arn,
        tracking_id=settings.shop_tracking_id,
        users_dataset_arn=settings.shop_users_dataset_arn,
    )
    return ShopCampaign(address, events=client("personalize-events"), runtime=client("personalize-runtime"))


def _report(operation: str, reason: str, request_id: str | None = None) -> None:
    log.warning(
        "campaign gave no list for the shop page", operation=operation, reason=reason, aws_request_id=request_id
    )
