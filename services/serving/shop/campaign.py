"""The recommender of the shop page, where the settings name one; without an answer of it the cache answers."""

from __future__ import annotations

from datetime import datetime

import structlog
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from aisle.shop import CampaignAddress, Selection, ShopAnswer, ShopCampaign
from services.serving.personalize import personalize_client, region_of
from services.serving.settings import ServingSettings

log = structlog.get_logger(__name__)


class Recommender:
    """A campaign, or none: `SERVING_REAL_TIME` switches it on, too."""

    def __init__(self, settings: ServingSettings) -> None:
        is_asked = settings.real_time and settings.shop_campaign_arn
        self._campaign = _campaign(settings) if is_asked else None

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
    region = region_of(settings.shop_campaign_arn)
    address = CampaignAddress(
        campaign_arn=settings.shop_campaign_arn,
        tracking_id=settings.shop_tracking_id,
        users_dataset_arn=settings.shop_users_dataset_arn,
    )
    return ShopCampaign(
        address,
        events=personalize_client(settings, "personalize-events", region, seconds),
        runtime=personalize_client(settings, "personalize-runtime", region, seconds),
    )


def _report(operation: str, reason: str, request_id: str | None = None) -> None:
    log.warning(
        "campaign gave no list for the shop page", operation=operation, reason=reason, aws_request_id=request_id
    )
