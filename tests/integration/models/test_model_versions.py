"""Where the versions of a solution stand, in PostgreSQL."""

from __future__ import annotations

import psycopg
import pytest

from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from aisle.models import registry

NAME = "user-personalization"


def states(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("select solution_version_arn, state from ops.model_versions").fetchall())


@pytest.fixture
def three_lives(marts: str, group: DatasetGroup) -> str:
    """URL of a warehouse where three versions went live one after the other."""
    for arn in ("a", "b", "c"):
        registry.register(group, NAME, arn, f"run-{arn}")
        registry.promote(NAME, arn, "gate", "good")
    return marts


def test_a_promotion_makes_the_live_version_previous_and_retires_the_one_before(three_lives: str) -> None:
    assert states(three_lives) == {"a": "retired", "b": "previous", "c": "live"}
    assert registry.live_version(NAME) == "c"
    assert registry.live_version("similar-items") is None


def test_promoting_what_is_live_changes_nothing(three_lives: str) -> None:
    registry.promote(NAME, "c", "gate", "again")
    assert states(three_lives) == {"a": "retired", "b": "previous", "c": "live"}


def test_a_rollback_goes_to_the_previous_version_and_a_second_one_comes_back(three_lives: str) -> None:
    assert registry.rollback(NAME, by="analyst", reason="worse in the shop") == "b"
    assert states(three_lives) == {"a": "retired", "b": "live", "c": "previous"}
    with psycopg.connect(three_lives) as connection:
        row = connection.execute(
            "select decided_by, reason from ops.model_versions where solution_version_arn = 'c'"
        ).fetchone()
    assert row == ("analyst", "worse in the shop")
    assert registry.rollback(NAME, by="analyst") == "c"
    assert registry.live_version(NAME) == "c"


def test_a_rollback_without_a_previous_version_says_so_and_leaves_the_live_one(marts: str, group: DatasetGroup) -> None:
    registry.register(group, NAME, "a", "one")
    registry.promote(NAME, "a", "gate", "the first")
    with pytest.raises(FinalError, match="no previous version"):
        registry.rollback(NAME, by="analyst")
    assert states(marts) == {"a": "live"}


def test_a_version_that_is_known_keeps_its_state_and_what_it_learned(three_lives: str, group: DatasetGroup) -> None:
    assert registry.register(group, NAME, "b", "later").state == "previous"
    with psycopg.connect(three_lives) as connection:
        row = connection.execute(
            "select run_key, n_interactions from ops.model_versions where solution_version_arn = 'b'"
        ).fetchone()
    assert row == ("run-b", 1440)


def test_an_unknown_version_cannot_go_live(three_lives: str) -> None:
    with pytest.raises(FinalError, match="none of this ARN"):
        registry.promote(NAME, "z", "gate", "?")
    assert states(three_lives)["c"] == "live"


def test_the_database_holds_one_live_version_of_a_solution(three_lives: str) -> None:
    with psycopg.connect(three_lives) as connection, pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("update ops.model_versions set state = 'live'")
