"""The waiters that are written from the status table, as botocore reads them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.waiter import WaiterModel

from personalize_kinds.codes import PASSING, QUOTA_REACHED
from personalize_kinds.kinds import CAMPAIGN, SOLUTION_VERSION, Kind
from personalize_kinds.statuses import Outcome, progress
from personalize_kinds.waiters import WAITED_FOR, waiter_model, waiter_name

MODEL = WaiterModel(waiter_model())
SERVICE = ServiceModel(Loader().load_service_model("personalize", "service-2"))
EVERY_WAITER = pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        pytest.param(kind, outcome, id=waiter_name(kind, outcome))
        for outcome, kinds in WAITED_FOR.items()
        for kind in kinds
    ],
)


def state_of(kind: Kind, outcome: Outcome, answer: dict[str, Any]) -> str | None:
    acceptors = MODEL.get_waiter(waiter_name(kind, outcome)).acceptors
    return next((acceptor.state for acceptor in acceptors if acceptor.matcher_func(answer)), None)


def answer_of(kind: Kind, outcome: Outcome, status: str) -> dict[str, Any]:
    description = {kind.update_member: {"status": status}} if outcome == "updated" else {}
    return {kind.member: {"status": status} | description}


@EVERY_WAITER
def test_every_status_of_a_kind_is_what_the_table_says(kind: Kind, outcome: Outcome) -> None:
    for status in kind.statuses:
        assert state_of(kind, outcome, answer_of(kind, outcome, status)) == progress(status, outcome)
    assert state_of(kind, outcome, answer_of(kind, outcome, "WARMING UP")) is None


@EVERY_WAITER
def test_a_fault_is_tried_again_and_a_refusal_is_not(kind: Kind, outcome: Outcome) -> None:
    for code in PASSING:
        assert state_of(kind, outcome, {"Error": {"Code": code}}) == "retry"
    for code in ("AccessDeniedException", QUOTA_REACHED):
        assert state_of(kind, outcome, {"Error": {"Code": code}}) is None
    gone = state_of(kind, outcome, {"Error": {"Code": "ResourceNotFoundException"}})
    assert gone == ("success" if outcome == "deleted" else None)


@EVERY_WAITER
def test_a_waiter_asks_an_operation_and_a_member_that_exist(kind: Kind, outcome: Outcome) -> None:
    waiter = MODEL.get_waiter(waiter_name(kind, outcome))
    answer: Any = SERVICE.operation_model(waiter.operation).output_shape
    for argument in {acceptor.argument for acceptor in waiter.acceptors if acceptor.matcher == "path"}:
        shape = answer
        for member in argument.split("."):
            shape = shape.members[member]
        assert shape.type_name == "string"


def test_an_update_is_read_off_its_own_status() -> None:
    updated = {"campaign": {"status": "ACTIVE", "latestCampaignUpdate": {"status": "CREATE FAILED"}}}
    assert (state_of(CAMPAIGN, "updated", updated), state_of(CAMPAIGN, "active", updated)) == ("failure", "success")
    assert state_of(CAMPAIGN, "updated", {"campaign": {"status": "ACTIVE"}}) is None


def test_everything_that_takes_time_can_be_waited_for() -> None:
    """Recommenders belong to domain dataset groups, which the provider leaves out."""
    waited_for = {kind.noun for kind in WAITED_FOR["active"]}
    creations = {name.removeprefix("Create") for name in SERVICE.operation_names if name.startswith("Create")}
    assert waited_for == creations - {"Schema", "Recommender"}
    deletions = {name.removeprefix("Delete") for name in SERVICE.operation_names if name.startswith("Delete")}
    assert {kind.noun for kind in WAITED_FOR["deleted"]} == deletions - {"Schema", "Recommender"}
    assert WAITED_FOR["stopped"] == (SOLUTION_VERSION,)


def test_a_wait_lasts_ten_minutes_or_twelve_hours() -> None:
    waiters = waiter_model()["waiters"].values()
    assert {waiter["delay"] * waiter["maxAttempts"] for waiter in waiters} == {10 * 60, 12 * 60 * 60}
