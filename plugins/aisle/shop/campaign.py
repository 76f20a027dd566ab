"""A selection answered by Amazon Personalize or the engine: purchases of an anonymous customer, then their list."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from aisle.contracts.personalize import PURCHASE
from aisle.shop.ranking import RankedProduct, ShopAnswer
from aisle.shop.selection import N_RECOMMENDED, N_SELECTED, Metadata, Selection


class CampaignAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask: the campaign, the event tracker's id, the dataset that takes users."""

    campaign_arn: str
    tracking_id: str
    users_dataset_arn: str


class ShopCampaign:
    """Asks one campaign; `events` and `runtime` are clients of personalize-events and personalize-runtime."""

    def __init__(self, address: CampaignAddress, *, events: Any, runtime: Any) -> None:
        self._address = address
        self._events = events
        self._runtime = runtime

    def recommend(self, user_id: str, selection: Selection, at: datetime) -> ShopAnswer:
        """Tell the service what the customer `user_id` has selected, then return their list without the selection.

        Raises BotoCoreError or ClientError.
        """
        if selection.metadata != Metadata():
            self._put_user(user_id, selection.metadata)
        if selection.product_ids:
            self._put_purchases(user_id, selection, at)
        answer = self._runtime.get_recommendations(
            campaignArn=self._address.campaign_arn, userId=user_id, numResults=N_RECOMMENDED + N_SELECTED
        )
        listed = [
            RankedProduct(product_id=item["itemId"], score=float(item.get("score", 0.0)))
            for item in answer["itemList"]
            if item["itemId"] not in selection.product_ids
        ]
        return ShopAnswer(source="campaign", products=tuple(listed[:N_RECOMMENDED]))

    def _put_user(self, user_id: str, metadata: Metadata) -> None:
        given = {"age": metadata.age, "gender": metadata.gender, "location": metadata.location}
        properties = {name: value for name, value in given.items() if value is not None}
        self._events.put_users(
            datasetArn=self._address.users_dataset_arn,
            users=[{"userId": user_id, "properties": json.dumps(properties)}],
        )

    def _put_purchases(self, user_id: str, selection: Selection, at: datetime) -> None:
        """All at one moment and in the order of their ids: the same selection gives the same list."""
        self._events.put_events(
            trackingId=self._address.tracking_id,
            userId=user_id,
            sessionId=user_id,
            eventList=[
                {"eventId": f"{user_id}-{place}", "eventType": PURCHASE, "itemId": product_id, "sentAt": at}
                for place, product_id in enumerate(selection.product_ids)
            ],
        )
