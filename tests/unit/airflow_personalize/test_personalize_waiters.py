"""The waiter file, and how the hook reads it. What each status means is tested with the vocabulary."""

from __future__ import annotations

import pytest

from airflow_personalize.hooks.personalize import WAITERS, PersonalizeHook
from personalize_kinds.waiters import waiter_file, waiter_model


def test_the_waiter_file_is_written_from_the_status_table() -> None:
    """If this fails: python -m personalize_kinds.waiters > plugins/airflow_personalize/waiters/personalize.json"""
    assert WAITERS.read_text() == waiter_file()


@pytest.mark.parametrize("waiter", waiter_model()["waiters"])
def test_every_waiter_is_the_same_for_workers_and_for_triggers(waiter: str) -> None:
    hook = PersonalizeHook()
    assert waiter in hook.list_waiters()
    ours, theirs = hook.get_async_waiter(waiter, hook.conn), hook.get_waiter(waiter)
    assert ours.config.operation == theirs.config.operation
    assert [acceptor.expected for acceptor in ours.config.acceptors] == [
        acceptor.expected for acceptor in theirs.config.acceptors
    ]
