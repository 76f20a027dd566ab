"""Answers follow what users do, where and when they ask, and what the shop wants."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from services.migrations import upgrade
from services.serving.recommendations import picks
from tests.serving_shop import Shop

NEGATIVE = {"hide": -0.5, "not_interested": -0.8, "downvote": -1.0, "flag_content": -2.5}


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """`known` has a list, `new` has none; whoever likes tea is like those who like mugs and milk."""
    upgrade(shop.url)
    for product_id, n_orders, price in (
        ("tea", 90, 4),
        ("mug", 60, 8),
        ("pan", 30, 25),
        ("cup", 10, 6),
        ("milk", 5, 1),
    ):
        shop.product(product_id, n_orders, category="Kitchen", last_price=price, last_sold_at=datetime.now(UTC))
    shop.list_of("users", "known", ("cup", 1.0), ("pan", 0.8), ("mug", 0.6))
    shop.list_of("items", "tea", ("milk", 0.9), ("mug", 0.45))
    shop.list_of("items", "pan", ("cup", 0.9))
    shop.region("Lahore", "somebody", mug=20, pan=5)
    shop.publish()
    return shop


def body(api: TestClient, user: str, **parameters: Any) -> dict[str, Any]:
    answer = api.get(f"/api/v1/recommendations/{user}", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def ids(answer: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in answer["items"]]


@pytest.mark.parametrize(("event_type", "weight"), NEGATIVE.items())
def test_s1_58_what_a_user_does_not_want_is_in_no_next_answer(filled: Shop, event_type: str, weight: float) -> None:
    api = filled.api()
    before = api.get("/api/v1/recommendations/known")
    filled.did("known", event_type, "cup", weight=weight)
    filled.did("new", event_type, "tea", weight=weight)
    after = api.get("/api/v1/recommendations/known", headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, ids(after.json())) == (200, ["pan", "mug"])
    assert ids(body(api, "new")) == ["mug", "pan", "cup", "milk"]
    assert ids(body(api, "somebody else")) == ["tea", "mug", "pan", "cup", "milk"]


def test_s1_58_the_last_reaction_to_an_item_decides(filled: Shop) -> None:
    filled.did("known", "downvote", "cup", weight=-1.0, ago=timedelta(days=2))
    filled.did("known", "upvote", "cup", weight=2.0, ago=timedelta(days=1))
    filled.did("known", "upvote", "pan", weight=2.0, ago=timedelta(days=2))
    filled.did("known", "hide", "pan", weight=-0.5, ago=timedelta(days=1))
    assert ids(body(filled.api(), "known")) == ["cup", "mug"]


def test_s1_58_an_unwanted_item_comes_last_in_a_ranking(filled: Shop) -> None:
    filled.did("known", "hide", "cup", weight=-0.5)
    question = {"user_id": "known", "item_ids": ["cup", "tea", "pan", "unheard of"]}
    ranked = filled.api().post("/api/v1/rankings", json=question).json()["items"]
    assert [(item["item_id"], item["ranked_by"]) for item in ranked] == [
        ("pan", "cache"), ("tea", "popular"), ("unheard of", "given"), ("cup", "disliked"),
    ]  # fmt: skip


def test_a_recent_click_raises_what_is_similar_by_at_most_its_weight(filled: Shop) -> None:
    api = filled.api()
    assert body(api, "known")["source"] == "cache"
    filled.did("known", "click", "tea", weight=1.0)
    answer = body(api, "known")
    assert (answer["source"], answer["score_kind"], answer["generation"]) == ("cache_and_recent", "blended", "g2")
    assert ids(answer) == ["cup", "pan", "mug", "milk"]
    assert [item["score"] for item in answer["items"]] == pytest.approx([1.0, 0.8, 0.6 + 0.3 * 0.5, 0.3])
    assert ids(body(filled.api(recent_weight=1.0), "known")) == ["mug", "cup", "milk", "pan"]


@pytest.mark.parametrize(("ago", "settings"), [(timedelta(hours=1), {}), (timedelta(minutes=1), {"recent_minutes": 0})])
def test_an_old_click_or_no_such_setting_changes_nothing(
    filled: Shop, ago: timedelta, settings: dict[str, Any]
) -> None:
    filled.did("known", "click", "tea", weight=1.0, ago=ago)
    assert body(filled.api(**settings), "known")["source"] == "cache"


def test_similar_items_of_another_generation_change_nothing(filled: Shop) -> None:
    filled.run("update cache.offline_similar_items set generation = 'g1'")
    filled.did("known", "click", "tea", weight=1.0)
    assert body(filled.api(), "known")["source"] == "cache"


@pytest.mark.parametrize(("event_type", "weight"), [("click", 1.0), ("view", 0.5), ("like", None), ("purchase", None)])
def test_s1_69_a_new_user_with_one_event_gets_what_is_similar(filled: Shop, event_type: str, weight: float) -> None:
    filled.did("new", event_type, "tea", weight=weight, ago=timedelta(days=9))
    answer = body(filled.api(), "new")
    assert (ids(answer), answer["source"], answer["generation"]) == (["milk", "mug"], "recent", "g2")
    filled.did("new", "hide", "milk", weight=-0.5)
    assert ids(body(filled.api(), "new")) == ["mug"]


def test_s1_69_an_event_on_an_item_without_a_list_leaves_what_is_popular(filled: Shop) -> None:
    filled.did("new", "click", "unheard of", weight=1.0)
    assert body(filled.api(), "new")["source"] == "popular"


@pytest.mark.parametrize("wishes", [{"device": "Mobile"}, {"hour": 3}, {"near": "lahore"}])
def test_s2_103_and_s1_67_where_and_when_a_user_asks_changes_the_answer(filled: Shop, wishes: dict[str, Any]) -> None:
    night = datetime.now(UTC).replace(hour=2) - timedelta(days=1)
    for number in range(95):
        filled.did(f"u{number}", "click", "mug", weight=1.0, platform="mobile", ago=datetime.now(UTC) - night)
        filled.did(
            f"u{number}", "click", "pan", weight=1.0, platform="web", ago=datetime.now(UTC) - night.replace(hour=14)
        )
    plain, answer = body(filled.api(), "known"), body(filled.api(), "known", **wishes)
    assert ids(plain) == ["cup", "pan", "mug"]
    assert answer["score_kind"] == "blended"
    values = {item["item_id"]: item["score"] for item in answer["items"]}
    assert 0.6 < values["mug"] - 0.0 <= 0.8, "the context adds at most 0.2"
    assert values["mug"] > 0.6 + 0.18
    assert values["cup"] == 1.0


@pytest.mark.parametrize(("weight", "order"), [(0.1, ["cup", "pan", "mug"]), (1.0, ["pan", "cup", "mug"])])
def test_s2_104_revenue_weighs_as_much_as_asked(filled: Shop, weight: float, order: list[str]) -> None:
    assert ids(body(filled.api(), "known", revenue=weight)) == order


def test_s2_104_satisfaction_is_what_users_say_of_an_item(filled: Shop) -> None:
    for number in range(20):
        filled.did(f"u{number}", "upvote", "mug", weight=2.0)
        filled.did(f"u{number}", "downvote", "cup", weight=-1.0)
    answer = body(filled.api(), "known", satisfaction=1)
    assert ids(answer) == ["mug", "pan", "cup"]
    assert [item["score"] for item in answer["items"]] == pytest.approx([0.6 + 21 / 22, 0.8 + 0.5, 1 + 1 / 22])


@pytest.mark.parametrize(
    ("wishes", "status"),
    [({"revenue": 1.1}, 422), ({"satisfaction": -0.1}, 422), ({"hour": 24}, 422), ({"near": "Atlantis"}, 404),
     ({"device": "\x00"}, 422)],
)  # fmt: skip
def test_wishes_that_cannot_be_meant_are_refused(filled: Shop, wishes: dict[str, Any], status: int) -> None:
    assert filled.api().get("/api/v1/recommendations/known", params=wishes).status_code == status


# -- picks --------------------------------------------------------------------------------------------------------


def picked(answer: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(item["item_id"], item["pick"]) for item in answer["items"]]


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ('pin = [{item_id = "tea", place = 1}]', [("tea", "pinned"), ("cup", None), ("pan", None), ("mug", None)]),
        ('pin = [{item_id = "mug", place = 2}]', [("cup", None), ("mug", "pinned"), ("pan", None)]),
        ('pin = [{item_id = "tea", place = 1}, {item_id = "mug", place = 1}]',
         [("tea", "pinned"), ("mug", "pinned"), ("cup", None), ("pan", None)]),
        ('pin = [{item_id = "tea", place = 400}]', [("cup", None), ("pan", None), ("mug", None), ("tea", "pinned")]),
        ('boost = [{item_id = "mug", weight = 0.3}, {item_id = "tea", weight = 1}]',
         [("cup", None), ("mug", "boosted"), ("pan", None)]),
        ('pin = [{item_id = "tea", place = 1, until = 2020-01-01T00:00:00Z}]',
         [("cup", None), ("pan", None), ("mug", None)]),
        ('pin = [{item_id = "tea", place = 1, group = "north"}]', [("cup", None), ("pan", None), ("mug", None)]),
    ],
)  # fmt: skip
def test_s1_68_pinned_and_boosted_items_say_so(
    filled: Shop, tmp_path: Path, file: str, shown: list[tuple[str, str | None]]
) -> None:
    (tmp_path / "picks.toml").write_text(file)
    assert picked(body(filled.api(picks_file=tmp_path / "picks.toml"), "known")) == shown


@pytest.mark.parametrize(("weight", "parameters"), [(-1.0, {}), (None, {"min_price": 5}), (None, {"category": "Toys"})])
def test_s1_68_a_pin_passes_filters_and_is_not_forced_upon_who_does_not_want_it(
    filled: Shop, tmp_path: Path, weight: float | None, parameters: dict[str, Any]
) -> None:
    if weight is not None:
        filled.did("known", "downvote", "tea", weight=weight)
    (tmp_path / "picks.toml").write_text('pin = [{item_id = "tea", place = 1}]')
    assert "tea" not in ids(body(filled.api(picks_file=tmp_path / "picks.toml"), "known", **parameters))


def test_s1_68_a_change_of_the_file_counts_and_one_that_cannot_be_read_does_not(
    filled: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picks, "_LOOK_SECONDS", -1.0)
    file = tmp_path / "picks.toml"
    file.write_text('pin = [{item_id = "tea", place = 1}]')
    api = filled.api(picks_file=file)
    assert picked(body(api, "known"))[0] == ("tea", "pinned")
    file.write_text('pin = [{item_id = "milk", place = 1}]')
    assert picked(body(api, "known"))[0] == ("milk", "pinned")
    for broken in ("pin = [", 'pin = [{item_id = "mug", place = 0}]', "pins = []"):
        file.write_text(broken)
        assert picked(body(api, "known"))[0] == ("milk", "pinned")
    file.unlink()
    assert picked(body(api, "known"))[0] == ("milk", "pinned")


@pytest.mark.parametrize("broken", ["pin = [", 'boost = [{item_id = "mug", weight = 2}]', None])
def test_a_file_of_picks_that_cannot_be_read_is_named(tmp_path: Path, broken: str | None) -> None:
    file = tmp_path / "picks.toml"
    if broken is not None:
        file.write_text(broken)
    with pytest.raises(ValueError, match=r"picks\.toml"):
        picks.read_picks(file)
