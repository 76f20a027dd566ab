from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.engine.data.event_log import EventLog, latest_items
from services.engine.data.ids import stable_order
from services.engine.data.interactions import EventSelection, interactions_of

EVENT = st.fixed_dictionaries({
    "USER_ID": st.sampled_from(["u1", "u2", "ü3", "u10"]),
    "ITEM_ID": st.sampled_from(["i1", "i2", "i30"]),
    "EVENT_TYPE": st.sampled_from(["Click", "click", "buy", None]),
    "EVENT_VALUE": st.sampled_from([None, 1.0, 2.0]),
    "TIMESTAMP": st.integers(0, 3),
})  # fmt: skip


def rows_of(log: EventLog) -> list[dict[str, Any]]:
    values = np.full(len(log), np.nan) if log.values is None else log.values
    columns = zip(log.users, log.items, log.types, values, log.times, strict=True)
    return [
        {
            "USER_ID": log.user_ids[user].decode(),
            "ITEM_ID": log.item_ids[item].decode(),
            "EVENT_TYPE": log.type_names[kind] or None,
            "EVENT_VALUE": None if np.isnan(value) else float(value),
            "TIMESTAMP": int(time),
        }
        for user, item, kind, value, time in columns
    ]


def expected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The plain way: each row once, sorted by user's UTF-8 and time, ties as they came."""
    once = {tuple(row.values()): row for row in reversed(rows)}
    kept = [row for place, row in enumerate(rows) if rows.index(row) == place and tuple(row.values()) in once]
    return sorted(kept, key=lambda row: (row["USER_ID"].encode(), row["TIMESTAMP"]))


@given(st.lists(EVENT, max_size=30), st.lists(EVENT, max_size=10))
def test_log_is_each_event_once_by_user_and_time(rows: list[dict[str, Any]], more: list[dict[str, Any]]) -> None:
    log = EventLog.read([]).with_events(rows)
    assert rows_of(log) == expected(rows)
    assert rows_of(log.with_events(more)) == expected(expected(rows) + more)


@given(st.lists(EVENT, min_size=1, max_size=30))
def test_filters_see_the_items_of_each_type_in_lower_case(rows: list[dict[str, Any]]) -> None:
    log = EventLog.read([]).with_events(rows)
    for user in {row["USER_ID"] for row in rows}:
        latest = latest_items(log.latest(user))
        own = [row for row in rows if row["USER_ID"] == user]
        assert latest.pop("*") == {row["ITEM_ID"] for row in own}
        for kind, items in latest.items():
            assert items == {row["ITEM_ID"] for row in own if (row["EVENT_TYPE"] or "").lower() == kind}
    clickers = {row["USER_ID"] for row in rows if (row["EVENT_TYPE"] or "").lower() == "click"}
    assert {user.decode() for user in log.users_with("click").tolist()} == clickers
    assert len(log.users_with("*")) == len({row["USER_ID"] for row in rows})
    assert latest_items(log.latest("nobody")) == {}


def test_filters_see_the_latest_hundred_events_of_a_type() -> None:
    clicks = [{"USER_ID": "u", "ITEM_ID": f"i{n}", "EVENT_TYPE": "click", "TIMESTAMP": n} for n in range(250)]
    buy = {"USER_ID": "u", "ITEM_ID": "first", "EVENT_TYPE": "buy", "TIMESTAMP": -1}
    events = EventLog.read([]).with_events([*clicks, buy]).latest("u")
    assert latest_items(events)["click"] == {f"i{n}" for n in range(150, 250)}
    assert latest_items([*events, (300, "click", "newest")])["click"] == {"newest", *(f"i{n}" for n in range(151, 250))}
    assert "first" in latest_items(events)["*"]


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (EventSelection(), [("u1", "i1"), ("u1", "i2"), ("u2", "i1")]),
        (EventSelection("buy"), [("u1", "i1")]),
        (EventSelection(min_value=2), [("u1", "i2"), ("u2", "i1")]),
        (EventSelection(weights={"click": 0.5}), [("u1", "i2"), ("u2", "i1")]),
    ],
)
def test_solution_selects_by_type_value_and_weights(selection: EventSelection, kept: list[tuple[str, str]]) -> None:
    log = EventLog.read([]).with_events([
        {"USER_ID": "u1", "ITEM_ID": "i1", "EVENT_TYPE": "buy", "EVENT_VALUE": 1, "TIMESTAMP": 1},
        {"USER_ID": "u1", "ITEM_ID": "i2", "EVENT_TYPE": "click", "EVENT_VALUE": 2, "TIMESTAMP": 1},
        {"USER_ID": "u2", "ITEM_ID": "i1", "EVENT_TYPE": "click", "EVENT_VALUE": 3, "TIMESTAMP": 1},
    ])  # fmt: skip
    selected = interactions_of(log, selection, np.array([b"i3"]))
    histories = selected.histories
    users, items = selected.user_ids[histories.users], selected.item_ids[histories.items]
    assert [(user.decode(), item.decode()) for user, item in zip(users, items, strict=True)] == kept
    assert selected.item_ids[-1] == b"i3"
    assert set(histories.weights.tolist()) == {selection.weights.get("click", 1.0)}
    assert [user.decode() for user in selected.user_ids] == sorted({user for user, _ in kept})


def test_moments_number_the_distinct_times_of_each_user() -> None:
    times = {"a": [5, 5, 7], "b": [1, 9, 9]}
    rows = [
        {"USER_ID": user, "ITEM_ID": f"i{n}", "TIMESTAMP": time} for user in times for n, time in enumerate(times[user])
    ]
    histories = interactions_of(EventLog.read([]).with_events(rows), EventSelection()).histories
    assert histories.moments.tolist() == [0, 0, 1, 0, 1, 1]
    assert histories.starts.tolist() == [0, 3, 6]


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3), max_size=50))
def test_stable_order_is_that_of_numpy(keys: list[int]) -> None:
    array = np.array(keys, np.int64)
    assert stable_order(array).tolist() == np.argsort(array, kind="stable").tolist()
