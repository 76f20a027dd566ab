"""PutEvents, PutItems and PutUsers: what they take, refuse and keep."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS, USERS
from services.engine.data.records import Records
from services.engine.schemas import REQUIRED_COLUMNS
from tests.waiting import wait_for

EVENT = {"eventType": "click", "itemId": "i1", "sentAt": 1_700_000_000}


class Tracked:
    """A dataset group with a tracker, and a client of the events service."""

    def __init__(self, engine: Any, shop: Any, *contracts: Any, interactions: Any = INTERACTIONS) -> None:
        self.group = shop.group()
        self.datasets = {contract.type: shop.dataset(self.group, contract) for contract in contracts}
        self.interactions = shop.dataset(self.group, interactions)
        created = shop.client.create_event_tracker(name=shop.name, datasetGroupArn=self.group)
        shop.settled(shop.client.describe_event_tracker, eventTrackerArn=created["eventTrackerArn"])
        self.id = created["trackingId"]
        self.client = boto3.client("personalize-events", endpoint_url=engine.url)
        self._data_dir = engine.data_dir

    def put(self, *events: Any, **who: str) -> None:
        self.client.put_events(**{"trackingId": self.id, "sessionId": "s1", "userId": "u1", "eventList": events} | who)

    def records(self, dataset: str | None = None) -> list[dict[str, Any]]:
        """The cells on disk, oldest first."""
        records = Records(self._data_dir / "records.sqlite")
        try:
            return [event.record.cells for event in records.all(dataset or self.interactions)]
        finally:
            records.close()


@pytest.fixture
def tracked(engine: Any, shop: Any) -> Tracked:
    return Tracked(engine, shop, ITEMS, USERS)


def test_event_is_kept_with_all_its_members(tracked: Tracked) -> None:
    tracked.put(
        EVENT
        | {
            "eventValue": 4.5,
            "recommendationId": "RID-1",
            "impression": ["i1", "i2"],
            "metricAttribution": {"eventAttributionSource": "carousel"},
        }
    )
    (kept,) = tracked.records()
    assert kept == {
        "USER_ID": "u1",
        "ITEM_ID": "i1",
        "EVENT_TYPE": "click",
        "EVENT_VALUE": 4.5,
        "TIMESTAMP": 1_700_000_000,
        "RECOMMENDATION_ID": "RID-1",
        "IMPRESSION": "i1|i2",
        "EVENT_ATTRIBUTION_SOURCE": "carousel",
    }


def test_event_may_lack_what_comes_from_recommendations_alone(engine: Any, shop: Any) -> None:
    schema = json.loads(INTERACTIONS.avro_schema)
    schema["fields"] = [field for field in schema["fields"] if field["name"] in REQUIRED_COLUMNS["INTERACTIONS"]]
    schema["fields"] += [{"name": name, "type": "string"} for name in ("IMPRESSION", "RECOMMENDATION_ID")]
    contract = SimpleNamespace(name="interactions", type="Interactions", avro_schema=json.dumps(schema))
    tracked = Tracked(engine, shop, interactions=contract)
    tracked.put(EVENT, EVENT | {"sentAt": 5, "impression": ["i1", "i2"]})
    assert [kept.get("IMPRESSION") for kept in tracked.records()] == [None, "i1|i2"]


def test_item_and_value_of_older_clients_are_found_in_properties(tracked: Tracked) -> None:
    event = {"eventType": "click", "sentAt": 1, "properties": json.dumps({"itemId": "i9", "eventValue": "2"})}
    tracked.put(event, event | {"itemId": "i8"})
    assert [(kept["ITEM_ID"], kept["EVENT_VALUE"]) for kept in tracked.records()] == [("i9", 2), ("i8", 2)]


def test_repetitions_count_once(tracked: Tracked) -> None:
    tracked.put(EVENT, EVENT, EVENT | {"sentAt": 5, "eventId": "e"}, EVENT | {"sentAt": 6, "eventId": "e"})
    tracked.put(EVENT, EVENT | {"eventValue": 1.0}, sessionId="other")
    assert [(kept["TIMESTAMP"], kept.get("EVENT_VALUE")) for kept in tracked.records()] == [
        (1_700_000_000, None),
        (5, None),
        (1_700_000_000, 1.0),
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"properties": "{"}, "not JSON"),
        ({"properties": "[1]"}, "not a JSON object"),
        ({"properties": '{"UserId": "u2"}'}, "has userid, a member of the event itself"),
        ({"properties": '{"eventValue": "dear"}'}, "does not fit its type float"),
        ({"properties": json.dumps({"itemId": "i" * 257}), "itemId": None}, "longer than 256"),
        ({"properties": '{"x": "%s"}' % ("x" * 1024)}, "less than or equal to 1024"),
    ],
)
def test_event_that_does_not_fit_refuses_the_whole_call(tracked: Tracked, change: Any, complaint: str) -> None:
    event = {name: value for name, value in (EVENT | change).items() if value is not None}
    with pytest.raises(tracked.client.exceptions.InvalidInputException, match=complaint):
        tracked.put(EVENT, event)
    assert tracked.records() == []


def test_unknown_tracker_and_eleven_events_are_invalid(tracked: Tracked) -> None:
    with pytest.raises(tracked.client.exceptions.InvalidInputException, match="no ACTIVE event tracker"):
        tracked.put(EVENT, trackingId="nobody")
    with pytest.raises(tracked.client.exceptions.InvalidInputException, match="less than or equal to 10"):
        tracked.put(*[EVENT] * 11)


def test_items_and_users_are_typed_by_the_schema_and_the_last_call_counts(tracked: Tracked) -> None:
    item = {"productName": "<b>Lamp</b>\n &amp; shade", "price": "9.5", "creationTimestamp": 1, "unknown": 1}
    items, users = tracked.datasets["Items"], tracked.datasets["Users"]
    tracked.client.put_items(datasetArn=items, items=[{"itemId": "i1", "properties": json.dumps(item)}])
    tracked.client.put_users(datasetArn=users, users=[{"userId": "u1", "properties": '{"age": 30}'}, {"userId": "u2"}])
    assert tracked.records(items) == [
        {"ITEM_ID": "i1", "PRODUCT_NAME": "Lamp & shade", "PRICE": 9.5, "CREATION_TIMESTAMP": 1}
    ]
    assert tracked.records(users) == [{"USER_ID": "u1", "AGE": 30}, {"USER_ID": "u2"}]


def test_record_for_what_is_not_there_or_not_fit(tracked: Tracked, shop: Any) -> None:
    client, items = tracked.client, tracked.datasets["Items"]
    with pytest.raises(client.exceptions.ResourceNotFoundException) as missing:
        client.put_items(datasetArn=f"{items}S", items=[{"itemId": "i1"}])
    assert missing.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404
    with pytest.raises(client.exceptions.InvalidInputException, match="a dataset of USERS"):
        client.put_items(datasetArn=tracked.datasets["Users"], items=[{"itemId": "i1"}])
    with pytest.raises(client.exceptions.InvalidInputException, match="CREATION_TIMESTAMP is missing"):
        client.put_items(datasetArn=items, items=[{"itemId": "i1"}])
    with pytest.raises(client.exceptions.InvalidInputException, match="not covered"):
        client.put_action_interactions(
            trackingId=tracked.id,
            actionInteractions=[{"actionId": "a", "sessionId": "s", "timestamp": 1, "eventType": "Taken"}],
        )


def test_what_was_acknowledged_to_many_clients_survives_a_kill(
    own_engine: Callable[..., Any], make_shop: Callable[[Any], Any]
) -> None:
    engine = own_engine()
    tracked = Tracked(engine, make_shop(engine.client()))

    def put(number: int) -> None:
        tracked.put(EVENT | {"sentAt": number}, EVENT | {"sentAt": number, "itemId": "i2"}, userId=f"u{number % 7}")

    with ThreadPoolExecutor(16) as clients:
        for _ in clients.map(put, range(64)):
            pass
    engine.kill()
    assert sorted(kept["TIMESTAMP"] for kept in tracked.records()) == sorted([*range(64)] * 2)
    engine.start()
    tracked.put(EVENT | {"sentAt": 3}, userId="u3")
    assert len(tracked.records()) == 128


def test_deleted_dataset_takes_its_records_along(tracked: Tracked, shop: Any) -> None:
    tracked.put(EVENT)
    shop.client.delete_dataset(datasetArn=tracked.interactions)
    wait_for(
        lambda: (
            tracked.interactions not in {dataset["datasetArn"] for dataset in shop.client.list_datasets()["datasets"]}
        ),
        "the end of the dataset",
    )
    assert tracked.records() == []


def test_asking_for_a_schema_as_a_dataset_does_not_hide_the_schema(tracked: Tracked, shop: Any) -> None:
    users = tracked.datasets["Users"]
    schema = shop.client.describe_dataset(datasetArn=users)["dataset"]["schemaArn"]
    with pytest.raises(tracked.client.exceptions.ResourceNotFoundException):
        tracked.client.put_users(datasetArn=schema, users=[{"userId": "u1"}])
    tracked.client.put_users(datasetArn=users, users=[{"userId": "u1", "properties": '{"country": "FR"}'}])
    assert [record["USER_ID"] for record in tracked.records(users)] == ["u1"]
