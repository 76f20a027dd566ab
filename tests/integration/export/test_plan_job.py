from __future__ import annotations

import logging

import pytest

from aisle.ops.jobs import Job, Plan, plan_job, record_job

ARN = "arn:aws:personalize:us-east-1:000000000000:dataset-import-job"


@pytest.fixture(autouse=True)
def _warehouse(warehouse_url: str) -> None: ...


def plan(name: str, data: str, usable: bool = True) -> Plan:
    return plan_job("import-items", name, {"sha256": data}, lambda _: usable)


def record(planned: Plan, run_key: str = "run") -> None:
    record_job("import-items", Job(planned.fingerprint, f"{ARN}/{planned.job_name}", run_key))


def test_a_retry_has_the_name_of_its_first_try() -> None:
    first = plan("one", "A")
    assert first.job_name.startswith("one-")
    assert not first.reused
    assert plan("one", "A") == first


def test_what_would_get_the_same_inputs_again_is_used_again(caplog: pytest.LogCaptureFixture) -> None:
    first = plan("one", "A")
    record(first, run_key="one")
    with caplog.at_level(logging.INFO):
        second = plan("two", "A")
    assert (second.job_name, second.reused) == (first.job_name, True)
    assert "nothing has changed since run one" in caplog.text


def test_other_purposes_do_not_count() -> None:
    record(plan("one", "A"))
    assert not plan_job("import-users", "one", {"sha256": "A"}).reused


def test_a_run_repeated_on_other_data_does_not_take_its_old_job_for_the_new() -> None:
    first = plan("one", "A")
    record(first)
    again = plan("one", "B")
    assert not again.reused
    assert again.job_name != first.job_name


def test_going_back_to_older_data_is_a_job_of_its_own_even_in_the_older_run() -> None:
    first, second = plan("one", "A"), plan("two", "B")
    record(first)
    record(second)
    back = plan("one", "A")
    assert not back.reused
    assert back.job_name != first.job_name
    record(back)
    assert plan("three", "A").job_name == back.job_name


def test_a_job_that_is_of_no_use_any_more_is_made_anew_under_another_name() -> None:
    first = plan("one", "A")
    record(first)
    anew = plan("one", "A", usable=False)
    assert not anew.reused
    assert anew.job_name != first.job_name


def test_using_a_job_again_does_not_change_whose_it_is(caplog: pytest.LogCaptureFixture) -> None:
    record(plan("one", "A"), run_key="one")
    record(plan("two", "A"), run_key="two")
    with caplog.at_level(logging.INFO):
        plan("three", "A")
    assert "since run one" in caplog.messages[-1]
