"""What users do comes in one way: under their user id, once, with its weight; an erased person stays away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import psycopg
import pytest

from aisle.contracts.company_orders import Customer
from aisle.contracts.event_types import read_event_types
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.rows import forget
from aisle.warehouse import READER, admit_reader
from services.migrations import upgrade
from services.serving.dependencies import Dependencies
from services.serving.errors import IdentityKeyMissing
from services.serving.interactions.events import IncomingEvent, Outcome, event_id_of
from tests.serving_shop import HASH_KEY, api_settings

Made = TypeVar("Made")
HASHER = PersonHasher(Identity(hash_key=HASH_KEY))  # type: ignore[arg-type]
ON_MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)
TYPES = read_event_types()


class Events:
    """The way in, with the rights of the API."""

    def __init__(self, url: str, reader_url: str) -> None:
        self.url, self._reader_url = url, reader_url

    def run(self, act: Callable[[Dependencies], Coroutine[Any, Any, Made]], **settings: Any) -> Made:
        async def opened() -> Made:
            dependencies = Dependencies.of(api_settings(database_url=self._reader_url, **settings))
            await dependencies.database.open()
            try:
                return await act(dependencies)
            finally:
                await dependencies.database.close()

        return asyncio.run(opened())

    def store(self, *events: IncomingEvent) -> list[str | None]:
        """Why each event is skipped; None if it is stored."""
        return [outcome.reason for outcome in self.run(lambda to: to.interactions.store(events))]

    def user_id(self, sent_id: str, **settings: Any) -> str:
        return self.run(lambda to: to.people.user_id(sent_id), **settings)

    def rows(self, columns: str, table: str = "interactions") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            query = f"select {columns} from serving.{table} order by event_id"
            return connection.execute(query.encode()).fetchall()

    def execute(self, statement: str, *values: Any) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode(), values)

    def ordered(self, user_id: str, source_id: str, *, seen_at: datetime = ON_MONDAY) -> None:
        """Let an order have told that a customer of the online shop is this person."""
        contact_hash = HASHER.hashes("oe", Customer(id=source_id)).source_id
        statement = "insert into identity.contacts values (%s, 'source_id', %s, %s, %s)"
        self.execute(statement, user_id, contact_hash, seen_at, seen_at)


@pytest.fixture
def events(warehouse_url: str) -> Iterator[Events]:
    upgrade(warehouse_url)
    admit_reader(warehouse_url, "of the api")
    server = psycopg.conninfo.conninfo_to_dict(warehouse_url)
    yield Events(warehouse_url, psycopg.conninfo.make_conninfo(**{**server, "user": READER, "password": "of the api"}))
    with psycopg.connect(warehouse_url) as connection:
        connection.execute(f"drop owned by {READER}".encode())


def event(event_id: str = "e1", **more: Any) -> IncomingEvent:
    given = {"source": "api", "event_type": "click", "item_id": "P1", "user_id": "u1", "occurred_at": ON_MONDAY, **more}
    return IncomingEvent(event_id=event_id, **given)


def test_an_id_of_the_shop_becomes_the_hash_that_ingest_makes_of_it(events: Events) -> None:
    assert events.user_id("12345") == HASHER.hashes("oe", Customer(id="12345")).source_id
    assert events.user_id("12345", user_id_source="pos") == HASHER.hashes("pos", Customer(id="12345")).source_id
    assert events.user_id(" A@B.pk ") == HASHER.email_hash("a@b.pk")


def test_whom_orders_know_better_has_the_user_id_of_those_orders(events: Events) -> None:
    events.ordered("a" * 32, "12345", seen_at=ON_MONDAY)
    events.ordered("b" * 32, "12345", seen_at=ON_MONDAY + timedelta(days=1))
    events.ordered("c" * 32, "678")
    assert events.user_id("12345") == "b" * 32
    assert events.user_id("678") == "c" * 32


@pytest.mark.parametrize("known_by", ["an order", "an event", "its contacts"])
def test_a_user_id_of_aisle_stays_itself(events: Events, known_by: str) -> None:
    user_id = "0123456789abcdef" * 2
    assert events.user_id(user_id) != user_id, "nobody has it: it is an id of the shop"
    if known_by == "an order":
        events.execute("insert into identity.customers (user_id, seen_at) values (%s, now())", user_id)
    elif known_by == "its contacts":
        events.ordered(user_id, "12345")
    else:
        events.store(event(user_id=user_id))
    assert events.user_id(user_id) == user_id


def test_without_the_key_nobody_is_anybody(events: Events) -> None:
    with pytest.raises(IdentityKeyMissing, match="SERVING_IDENTITY_HASH_KEY"):
        events.user_id("12345", identity_hash_key="")


@pytest.mark.parametrize(
    ("event_type", "weight"),
    [
        ("fundraise", 3.0), ("donate", 3.0), ("upvote", 2.0), ("share", 2.0), ("bookmark", 1.8), ("download", 1.5),
        ("comment", 1.5), ("click", 1.0), ("scroll_impression", 0.7), ("view", 0.5), ("initial_impression", 0.3),
        ("hide", -0.5), ("not_interested", -0.8), ("downvote", -1.0), ("flag_content", -2.5),
    ],
)  # fmt: skip
def test_s1_11_to_s1_24_a_type_has_its_weight(event_type: str, weight: float) -> None:
    kind = TYPES.types[event_type]
    assert kind.weight == weight
    assert kind.is_negative == (weight < 0)
    assert kind.impression == event_type.endswith("impression")
    assert (event_type in TYPES.exported) == (weight > 0 and not kind.impression), "only what a user wants is exported"


def test_s1_11_to_s1_24_the_weight_is_stored_with_its_version(events: Events) -> None:
    interactions = [name for name, kind in TYPES.types.items() if not kind.impression]
    assert events.store(*[event(name, event_type=name) for name in interactions]) == [None] * len(interactions)
    expected = sorted((name, name, TYPES.types[name].weight, TYPES.version) for name in interactions)
    assert events.rows("event_id, event_type, weight, weights_version") == expected


def test_s1_18_s1_20_an_impression_keeps_its_weight_with_its_version(events: Events) -> None:
    impressions = [name for name, kind in TYPES.types.items() if kind.impression]
    shown = [event(name, event_type=name, item_id=None, item_ids=("P1", "P2")) for name in impressions]
    assert events.store(*shown) == [None] * len(impressions)
    expected = [("initial_impression", 0.3, TYPES.version), ("scroll_impression", 0.7, TYPES.version)]
    assert events.rows("event_type, weight, weights_version", "impressions") == expected


def test_an_event_that_comes_again_counts_once(events: Events) -> None:
    first = event("e1", event_value=2.0, properties={"a": [1]}, platform="web", item_type="paper", request_id="r")
    assert events.store(first, event("e2"), event("e1", item_id="P9")) == [None, None, None]
    assert events.store(event("e1", item_id="P8"), event("e3")) == [None, None]
    assert events.rows("event_id, item_id, event_value, properties, platform, item_type, request_id") == [
        ("e1", "P1", 2.0, {"a": [1]}, "web", "paper", "r"),
        ("e2", "P1", None, {}, None, None, None),
        ("e3", "P1", None, {}, None, None, None),
    ]
    assert events.rows("event_id, outcome, payload", "received_events") == [
        ("e1", "processed", None), ("e2", "processed", None), ("e3", "processed", None)
    ]  # fmt: skip


def test_requests_that_come_together_are_stored_together_and_each_event_counts_once(events: Events) -> None:
    requests = [
        [event("e1"), event("e2")],
        [event("e2", item_id="P9"), event("e3")],
        [event("e3", item_id="P8"), event("e4", item_id=None)],
        [event("e4"), event("e5", item_id=None)],
    ]

    async def send(to: Dependencies) -> list[list[Outcome]]:
        return await asyncio.gather(*map(to.interactions.store, requests))

    reasons = [[outcome.reason for outcome in outcomes] for outcomes in events.run(send)]
    assert reasons == [[None, None], [None, None], [None, "missing_item"], [None, "missing_item"]]
    assert events.rows("event_id, item_id") == [("e1", "P1"), ("e2", "P1"), ("e3", "P1"), ("e4", "P1")]
    assert events.rows("event_id, outcome", "received_events") == [
        ("e1", "processed"), ("e2", "processed"), ("e3", "processed"), ("e4", "processed"), ("e5", "skipped")
    ]  # fmt: skip


@pytest.mark.parametrize("spoilt", [{"item_type": "\ud800"}, {"platform": "\udfff"}, {"request_id": "a\ud912"}])
@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_request_that_cannot_be_stored_fails_alone(events: Events, spoilt: dict[str, str], place: int) -> None:
    requests = [[event(f"e{number}", **(spoilt if number == place else {}))] for number in range(4)]

    async def send(to: Dependencies) -> list[list[Outcome] | BaseException]:
        return await asyncio.gather(*map(to.interactions.store, requests), return_exceptions=True)

    failed = [isinstance(outcomes, UnicodeError) for outcomes in events.run(send)]
    assert failed == [number == place for number in range(4)]
    assert events.rows("event_id") == [(f"e{number}",) for number in range(4) if number != place]


def test_s1_30_an_impression_keeps_its_items_in_their_order(events: Events) -> None:
    shown = tuple(f"P{9 - place}" for place in range(9))
    several = event("e1", event_type="initial_impression", item_id=None, item_ids=shown, feed_type="popular")
    assert events.store(several, event("e2", event_type="scroll_impression", item_ids=("P1",))) == [None, None]
    assert events.rows("event_type, item_ids, feed_type", "impressions") == [
        ("initial_impression", list(shown), "popular"), ("scroll_impression", ["P1"], None)
    ]  # fmt: skip
    assert events.rows("event_id") == []


@pytest.mark.parametrize(
    ("reason", "fields"),
    [
        ("irrelevant", {"event_type": "session_start"}),
        ("irrelevant", {"event_type": ""}),
        ("missing_user", {"user_id": None}),
        ("missing_item", {"item_id": None}),
        ("missing_item", {"item_id": ""}),
        ("missing_item", {"event_type": "initial_impression"}),
        ("missing_item", {"event_type": "scroll_impression", "item_ids": ("P1", "")}),
        ("invalid_item", {"item_id": "x" * 256}),
        ("invalid_item", {"item_id": "a\x00b"}),
        ("invalid_item", {"event_type": "initial_impression", "item_ids": ("P1",) * 501}),
        ("invalid_time", {"occurred_at": datetime(1970, 1, 1, tzinfo=UTC)}),
        ("too_large", {"properties": {"text": "x" * 9000}}),
    ],
)
def test_what_is_skipped_is_kept_with_its_reason_beside_the_good_ones(
    events: Events, reason: str, fields: dict[str, Any]
) -> None:
    received = {"event_type": "what came", "note": "\x00\\u0000 end"}
    assert events.store(event("e1"), event("e2", received=received, **fields), event("e3")) == [None, reason, None]
    assert events.rows("event_id") == [("e1",), ("e3",)]
    assert events.rows("event_id, outcome, reason, payload", "received_events")[1] == (
        "e2", "skipped", reason, {"event_type": "what came", "note": "\\u0000 end"}
    )  # fmt: skip


def test_an_event_that_was_skipped_counts_once_it_comes_whole(events: Events) -> None:
    assert events.store(event("e1", item_id=None, received={"a": 1})) == ["missing_item"]
    assert events.store(event("e1")) == [None]
    assert events.store(event("e1", item_id=None)) == ["missing_item"]
    assert events.rows("event_id") == [("e1",)]
    assert events.rows("outcome, reason, user_id, payload", "received_events") == [("processed", None, None, None)]


def test_late_events_keep_their_time_and_those_of_a_wrong_clock_count_as_of_now(events: Events) -> None:
    years_late, ahead = datetime(2009, 2, 13, 23, 31, 30, tzinfo=UTC), datetime.now(UTC) + timedelta(days=400)
    soon = datetime.now(UTC) + timedelta(minutes=30)
    before = datetime.now(UTC)
    events.store(event("e1", occurred_at=years_late), event("e2", occurred_at=ahead), event("e3", occurred_at=soon))
    (late,), (wrong,), (believed,) = events.rows("occurred_at")
    assert late == years_late
    assert before <= wrong <= datetime.now(UTC)
    assert believed == soon


def test_s0_21_what_a_visitor_did_before_the_log_in_is_theirs(events: Events) -> None:
    def at(minute: int, user_id: str | None, session_id: str = "s1", **more: Any) -> IncomingEvent:
        moment = ON_MONDAY + timedelta(minutes=minute)
        return event(f"{session_id}-{minute}", user_id=user_id, session_id=session_id, occurred_at=moment, **more)

    shown = {"event_type": "initial_impression", "item_ids": ("P1", "P2")}
    assert events.store(at(1, None), at(2, None, **shown), at(1, None, "s2")) == [None] * 3
    assert events.rows("user_id") == [(None,), (None,)]
    assert events.store(at(5, "u1", event_type="$identify")) == ["irrelevant"], "a log-in that tells of no item"
    assert events.store(at(3, None)) == [None], "it comes late"
    assert events.store(at(7, None), at(9, "u2")) == [None] * 2, "somebody else logs in to the same session"
    assert events.rows("event_id, user_id") == [
        ("s1-1", "u1"), ("s1-3", "u1"), ("s1-7", "u2"), ("s1-9", "u2"), ("s2-1", None)
    ]  # fmt: skip
    assert events.rows("user_id", "impressions") == [("u1",)]


def test_events_without_a_session_are_one_of_the_user_and_day(events: Events) -> None:
    later = ON_MONDAY + timedelta(hours=3)
    events.store(event("e1"), event("e2", occurred_at=later), event("e3", user_id="u2"))
    events.store(event("e4", occurred_at=ON_MONDAY + timedelta(days=1)))
    first, second, other_user, next_day = [session_id for (session_id,) in events.rows("session_id")]
    assert first == second
    assert len({first, other_user, next_day}) == 3


def test_nothing_of_an_erased_person_is_left_or_comes_back(events: Events) -> None:
    user_id = events.user_id("12345")
    skipped = event("e3", user_id=user_id, item_id=None, received={"item": None})
    events.store(event("e1", user_id=user_id), event("e2", user_id="u2"), skipped)
    with psycopg.connect(events.url) as connection:
        request = connection.execute(
            b"insert into identity.erasure_requests (user_id) values ('x') returning request_id"
        )
        forget(connection, str(request.fetchone()[0]), [user_id], ContactFinder(HASHER))  # type: ignore[index]
    assert events.rows("event_id") == [("e2",)]
    late, afterwards = event("e4", user_id=user_id), event("e5", user_id=user_id, occurred_at=datetime.now(UTC))
    assert events.store(late, event("e6", user_id="u2"), afterwards) == ["erased", None, None]
    assert events.rows("event_id, user_id") == [("e2", "u2"), ("e5", user_id), ("e6", "u2")]
    assert ("e4", None, None) in events.rows("event_id, user_id, payload", "received_events")


def test_ids_of_events_do_not_show_what_they_are_made_of() -> None:
    assert event_id_of("api", None, "12345", "1") == event_id_of("api", None, "12345", "1")
    assert len({event_id_of("a", "b", "c"), event_id_of("ab", "c"), event_id_of("a", None, "bc")}) == 3
    assert "12345" not in event_id_of("api", None, "12345", "1")
