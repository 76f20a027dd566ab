from __future__ import annotations

from typing import Any

import psycopg
import pytest

from aisle.batch.records import Record
from aisle.cache.generations import Generation, switch
from aisle.cache.staging import stage
from aisle.groups.dataset_group import dataset_groups
from aisle.ops.interventions import Intervention
from aisle.stages.rollback.targets import Target, roll_back

FIRST = dataset_groups()[0]

pytestmark = pytest.mark.usefixtures("aws_connection")


def publish(url: str, generation: str) -> None:
    """One generation with one list of each kind."""
    for subject, line in (
        ("users", b'{"input": {"userId": "u"}, "output": {"recommendedItems": ["p"], "scores": [1.0]}}'),
        ("items", b'{"input": {"itemId": "p"}, "output": {"recommendedItems": ["q"]}}'),
    ):
        stage([Record("out", 1, line)], subject, generation, "engine", FIRST, url)  # type: ignore[arg-type]
    switch(
        Generation(
            generation=generation, user_lists=1, item_lists=1, users_asked=1, items_asked=1, solution_versions={}
        ),
        FIRST,
        url,
    )


def state(url: str) -> dict[str, str]:
    with psycopg.connect(url) as connection:
        return dict(connection.execute("select state, generation from cache.generations").fetchall())


@pytest.fixture
def two_generations(warehouse_url: str) -> str:
    publish(warehouse_url, "good")
    publish(warehouse_url, "bad")
    return warehouse_url


def test_the_previous_generation_is_served_again_and_a_repeated_run_leaves_it_so(
    run_dag: Any, two_generations: str
) -> None:
    for _ in range(2):
        states = run_dag("rollback", "back", what="cache", reason="odd lists")
        assert states == {"roll_back_cache": "success", "roll_back_model": "skipped"}
        assert state(two_generations) == {"live": "good", "previous": "bad"}
    with psycopg.connect(two_generations) as connection:
        audit = "select subject, reason, before, after, is_done from ops.interventions"
        assert connection.execute(audit.encode()).fetchall() == [("cache", "odd lists", "bad", "good", True)]


def test_without_a_previous_generation_nothing_changes_and_the_run_says_so(run_dag: Any, warehouse_url: str) -> None:
    publish(warehouse_url, "only")
    assert run_dag("rollback", "nowhere", what="cache", reason="odd lists")["roll_back_cache"] == "failed"
    assert state(warehouse_url) == {"live": "only"}


def test_a_try_that_died_after_going_back_does_not_go_forward_again(warehouse_url: str, aws_connection: str) -> None:
    live = ["v2", "v1"]
    target = Target(lambda: live[0], lambda by, reason: live.reverse() or _die())
    asked = Intervention("k", "rollback", "a model", "ada", "worse than before")
    with pytest.raises(ConnectionError):
        roll_back(target, asked)
    assert roll_back(target, asked) == "v1"


def _die() -> str:
    raise ConnectionError
