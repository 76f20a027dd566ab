"""When change makes training due before its time."""

from __future__ import annotations

import psycopg
import pytest

from aisle.groups.dataset_group import DatasetGroup
from aisle.models import registry
from aisle.models.drift import Drift, learned_by_live, measure_drift, next_training_at, reasons_to_train
from aisle.settings import Evaluate
from aisle.warehouse import migrate

WANTED = Evaluate(drift_days=28, drift_min_interactions=200, retrain_volume=0.5, retrain_drift=0.25)
#: As many purchases again, four weeks later: the same customers buy the same items, or only two of them.
SAME = """
insert into personalize.interactions
select user_id, item_id, event_type, event_value, timestamp + 28 * 86400
from personalize.interactions where timestamp > 1710000000 + 29 * 86400
"""
OTHER = SAME.replace("user_id, item_id,", "user_id, case when timestamp % 2 = 0 then 'P039' else 'P040' end,")


@pytest.fixture
def live(seasons: str, group: DatasetGroup) -> str:
    registry.register(group, "user-personalization", "a", "one")
    registry.promote("user-personalization", "a", "gate", "the first")
    return seasons


def drift_after(group: DatasetGroup, url: str, change: str) -> Drift:
    with psycopg.connect(url) as connection:
        connection.execute(change.encode())
    learned = learned_by_live(group)
    assert learned is not None
    return measure_drift(group, learned, WANTED)


def reasons(group: DatasetGroup, drift: Drift) -> list[str]:
    learned = learned_by_live(group)
    assert learned is not None
    return reasons_to_train(learned, drift, WANTED)


def test_nothing_new_is_no_reason(live: str, group: DatasetGroup) -> None:
    drift = drift_after(group, live, "select 1")
    assert (drift.n_after, reasons(group, drift)) == (0, [])


def test_more_of_the_same_is_no_drift(live: str, group: DatasetGroup) -> None:
    drift = drift_after(group, live, SAME)
    assert drift.n_after >= WANTED.drift_min_interactions
    assert max(drift.items_psi, drift.categories_psi) < 0.1
    assert reasons(group, drift) == []


def test_other_items_are_drift_and_the_reason_says_how_much(live: str, group: DatasetGroup) -> None:
    drift = drift_after(group, live, OTHER)
    assert drift.items_psi > 1
    assert any("stability index of items" in reason for reason in reasons(group, drift))


def test_growth_alone_is_a_reason(live: str, group: DatasetGroup) -> None:
    [reason] = reasons(group, drift_after(group, live, SAME + ";" + SAME.replace("28 * 86400", "28 * 86400 + 1")))
    assert reason.startswith("interactions have grown by")


def test_change_brings_about_one_training_within_the_least_time(live: str, group: DatasetGroup) -> None:
    assert next_training_at(group, Evaluate(retrain_min_days=3)) is not None
    assert next_training_at(group, Evaluate(retrain_min_days=0)) is None
    with psycopg.connect(live) as connection:
        connection.execute("update ops.model_versions set trained_at = now() - interval '4 days'")
    assert next_training_at(group, Evaluate(retrain_min_days=3)) is None
    with psycopg.connect(live) as connection:
        connection.execute(
            "insert into ops.receipts (run_key, stage, subject, seconds) values ('one', 'evaluate', 'retrain', 0)"
        )
    migrate(live)  # which gives the receipts of an earlier version their stage
    assert next_training_at(group, Evaluate(retrain_min_days=3)) is not None
