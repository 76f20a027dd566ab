from __future__ import annotations

import pytest

from aisle.batch.output import batch_by_hand, batch_of_event
from aisle.batch.ranking import Subject
from aisle.errors import ConfigurationError, ContractBroken

BOTH: tuple[Subject, ...] = ("users", "items")
EXTRA = {
    "run_key": "20260101T0600",
    "user_output": "s3://b/users/",
    "item_output": "s3://b/items/",
    "users_asked": 3,
    "items_asked": 2,
    "user_solution_version": "arn:users",
    "item_solution_version": "arn:items",
}


def test_an_event_is_published_under_the_key_of_this_run() -> None:
    batch = batch_of_event("again-1", {**EXTRA, "something_new": 1}, BOTH)
    assert (batch.run_key, batch.asked_of("users"), batch.asked_of("items")) == ("again-1", 3, 2)
    assert (batch.output_of("users"), batch.output_of("items")) == ("s3://b/users/", "s3://b/items/")
    assert batch.solution_versions == {"users": "arn:users", "items": "arn:items"}


@pytest.mark.parametrize("change", [{"user_output": None}, {"users_asked": "three"}])
def test_an_event_of_another_shape_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ContractBroken, match="run recommend again"):
        batch_of_event("k", {**EXTRA, **change}, BOTH)


def test_by_hand_both_outputs_are_named_and_nothing_is_known_about_how_much_was_asked() -> None:
    batch = batch_by_hand("k", "s3://b/u/", "s3://b/i/", BOTH)
    assert (batch.users_asked, batch.items_asked) == (None, None)
    with pytest.raises(ConfigurationError, match="give both"):
        batch_by_hand("k", "s3://b/u/", None, BOTH)


def test_a_group_that_is_asked_one_question_has_one_output_and_no_other() -> None:
    users_only = {"run_key": "k", "user_output": "s3://b/u/", "users_asked": 3, "user_solution_version": "arn:users"}
    assert batch_of_event("k", users_only, ["users"]).output_of("items") is None
    with pytest.raises(ContractBroken, match="names no output about items"):
        batch_of_event("k", users_only, BOTH)
    assert batch_by_hand("k", "s3://b/u/", None, ["users"]).user_output == "s3://b/u/"
    with pytest.raises(ConfigurationError, match="the S3 prefix of users alone"):
        batch_by_hand("k", "s3://b/u/", "s3://b/i/", ["users"])


NO_ITEMS = {name: value for name, value in EXTRA.items() if not name.startswith("item")}
NO_USERS = {name: value for name, value in EXTRA.items() if not name.startswith("user")}


@pytest.mark.parametrize(("extra", "kind"), [(NO_ITEMS, "items"), (NO_USERS, "users")])
def test_output_may_be_absent_only_where_the_event_says_so(extra: dict[str, object], kind: Subject) -> None:
    batch = batch_of_event("k", {**extra, "without": {kind: "its first version was rejected"}}, BOTH)
    assert (batch.output_of(kind), batch.without) == (None, {kind: "its first version was rejected"})
    with pytest.raises(ContractBroken, match=f"names no output about {kind}"):
        batch_of_event("k", {**extra, "without": {}}, BOTH)
    with pytest.raises(ContractBroken, match="names no output about users and items"):
        batch_of_event("k", {"run_key": "k", "without": {"users": "why", "items": "why"}}, BOTH)
