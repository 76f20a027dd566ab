"""Event trackers, which have the tracking id for PutEvents."""

from __future__ import annotations

import secrets
import uuid

from personalize_kinds.kinds import DATASET_GROUP, EVENT_TRACKER
from services.engine.errors import AlreadyExists
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import ACCOUNT_ID, Resource


class EventTrackerOperations(Operations):
    """Operations on event trackers. A dataset group has one; its events stay when it is deleted."""

    def create_event_tracker(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        if taken := self.store.page(EVENT_TRACKER, where=(DATASET_GROUP.arn_member, group.arn), rows=1):
            raise AlreadyExists(f"The dataset group {group.arn} already has the event tracker {taken[0].arn}; use it")
        body = {
            **call.only("name", "datasetGroupArn"),
            "accountId": ACCOUNT_ID,
            "trackingId": str(uuid.uuid4()),
        }
        tracker = Resource.create(EVENT_TRACKER, call.region, secrets.token_hex(4), body)
        return self.create(tracker, call) | {"trackingId": tracker.body["trackingId"]}

    def describe_event_tracker(self, call: Call) -> Answer:
        return self.describe(EVENT_TRACKER, call)

    def list_event_trackers(self, call: Call) -> Answer:
        return self.list(EVENT_TRACKER, call, parent=DATASET_GROUP)

    def delete_event_tracker(self, call: Call) -> Answer:
        return self.delete(self.find(EVENT_TRACKER, call))
