"""The waiter file, and how the hook reads it. What each status means is tested with the vocabulary."""

from __future__ import annotations

import pytest
from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook

from airflow_personalize.hooks.personalize import WAITERS, PersonalizeHook
from personalize_kinds.waiters import waiter_file, waiter_model


def test_the_waiter_file_is_written_from_the_status_table() -> None:
    """If this fails: python -m personalize_kinds.waiters > plugins/airflow_personalize/waiters/personalize.json"""
    assert WAITERS.read_text() == waiter_file()


@pytest.mark.parametrize("waiter", waiter_model()["waiters"])
def test_every_waiter_is_got_by_name_from_this_hook_and_by_the_amazon_providers_own_reading(waiter: str) -> None:
    hook = PersonalizeHook()
    assert waiter in hook.list_waiters()
    ours, theirs = hook.get_waiter(waiter), AwsGenericHook.get_waiter(hook, waiter, client=hook.conn)
    assert ours.config.operation == theirs.config.operation
    assert [acceptor.expected for acceptor in ours.config.acceptors] == [
        acceptor.expected for acceptor in theirs.config.acceptors
    ]
