"""The events service: single events, items and users. After a successful answer they are on disk."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from personalize_kinds.kinds import DATASET
from personalize_kinds.statuses import ACTIVE
from services.engine.data.attributes import SEPARATOR
from services.engine.data.cells import RESERVED_KEYS, Cells, cell, cells_of, members_of
from services.engine.data.records import Record
from services.engine.errors import InUse, InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource, arn_of
from services.engine.schemas import Column, DatasetSchema

EVENT_TYPES_OF_ACTIONS = frozenset({"taken", "not taken", "viewed", "not_taken"})

_ITEM_ID = Column("ITEM_ID", "string", nullable=False)
_EVENT_VALUE = Column("EVENT_VALUE", "float", nullable=True)
_OUT_OF_SCOPE = (
    "{} is not covered by the engine: it has no recipe that learns from actions. "
    "Send this call to Amazon Personalize, or leave it out"
)


class EventOperations(Operations):
    """Operations that put single records into datasets."""

    def put_events(self, call: Call) -> Answer:
        dataset, schema = self._tracked(call)
        self.datasets.records.add([_event(call, event, dataset, schema) for event in call["eventList"]])
        return {}

    def put_items(self, call: Call) -> Answer:
        return self._put(call, "ITEMS", "ITEM_ID", "items", "itemId")

    def put_users(self, call: Call) -> Answer:
        return self._put(call, "USERS", "USER_ID", "users", "userId")

    def put_actions(self, call: Call) -> Answer:
        self._open_dataset(call, "ACTIONS")
        for action in call["actions"]:
            members_of(action.get("properties"))
        raise InvalidInput(_OUT_OF_SCOPE.format("PutActions"))

    def put_action_interactions(self, call: Call) -> Answer:
        self._group_of(call)
        for interaction in call["actionInteractions"]:
            members_of(interaction.get("properties"))
            if interaction["eventType"].lower() not in EVENT_TYPES_OF_ACTIONS:
                raise InvalidInput(
                    f"eventType is '{interaction['eventType'][:60]}'; for actions pass Taken, Not Taken or Viewed"
                )
        raise InvalidInput(_OUT_OF_SCOPE.format("PutActionInteractions"))

    def _put(self, call: Call, dataset_type: str, id_column: str, listed: str, id_member: str) -> Answer:
        """Put items or users; of several records with one id in a call the last counts."""
        dataset, schema = self._open_dataset(call, dataset_type)
        records = []
        for entry in call[listed]:
            key = entry[id_member]
            cells = cells_of(members_of(entry.get("properties")), schema, {id_column: key})
            records.append(Record(dataset.arn, key, cells))
        self.datasets.records.add(records)
        return {}

    def _open_dataset(self, call: Call, dataset_type: str) -> tuple[Resource, DatasetSchema]:
        """Return the dataset of a request, if it can take records. Raises NotFound, InUse, InvalidInput."""
        arn = call[DATASET.arn_member]
        arn_of(arn)
        dataset = self.datasets.by_arn(arn)
        if dataset.body["datasetType"] != dataset_type:
            raise InvalidInput(
                f"{arn} is a dataset of {dataset.body['datasetType']}; this call needs one of {dataset_type}"
            )
        if dataset.status != ACTIVE:
            raise InUse(f"{arn} is {dataset.status}, but must be ACTIVE to take records; wait until it is")
        return dataset, self.datasets.schema_of(dataset)

    def _tracked(self, call: Call) -> tuple[Resource, DatasetSchema]:
        """Return the Interactions dataset of a tracker. Raises InvalidInput, the only error that PutEvents has."""
        group_arn = self._group_of(call)
        dataset = self.datasets.find(group_arn, "INTERACTIONS")
        if dataset is None or dataset.status != ACTIVE:
            raise InvalidInput(f"{group_arn} has no Interactions dataset that is ACTIVE; create one and wait for it")
        return dataset, self.datasets.schema_of(dataset)

    def _group_of(self, call: Call) -> str:
        tracking_id = call["trackingId"]
        tracker = self.datasets.tracker(tracking_id)
        if tracker is None or tracker.status != ACTIVE or tracker.region != call.region:
            raise InvalidInput(
                f"There is no ACTIVE event tracker with trackingId '{tracking_id[:60]}' in {call.region}; "
                "pass the trackingId that CreateEventTracker returned"
            )
        group_arn: str = tracker.body["datasetGroupArn"]
        return group_arn


def _event(call: Call, event: Mapping[str, Any], dataset: Resource, schema: DatasetSchema) -> Record:
    """Convert one event of a call to a record; members outside `properties` take precedence."""
    members = members_of(event.get("properties"))
    if reserved := RESERVED_KEYS.intersection(members):
        raise InvalidInput(f"properties has {', '.join(sorted(reserved))}, a member of the event itself; move it there")
    user, session = call.get("userId"), call["sessionId"]
    given: Cells = {
        "USER_ID": user or session,
        "ITEM_ID": _cell_of(event.get("itemId"), members.get("itemid"), _ITEM_ID),
        "EVENT_TYPE": event["eventType"],
        "EVENT_VALUE": _cell_of(event.get("eventValue"), members.get("eventvalue"), _EVENT_VALUE),
        "TIMESTAMP": int(event["sentAt"]),
        "IMPRESSION": SEPARATOR.join(event.get("impression", ())) or None,
        "RECOMMENDATION_ID": event.get("recommendationId"),
        "EVENT_ATTRIBUTION_SOURCE": event.get("metricAttribution", {}).get("eventAttributionSource"),
    }
    cells = cells_of(members, schema, {name: value for name, value in given.items() if value is not None})
    if user is None:
        del cells["USER_ID"]
    return Record(dataset.arn, user or session, cells, session, event.get("eventId") or str(uuid.uuid4()))


def _cell_of(outside: Any, within: Any, column: Column) -> Any:
    value = within if outside is None else outside
    return None if value is None else cell(value, column)
