from __future__ import annotations

import asyncio
from typing import Any

import pytest

from aisle.aws.triggers import personalize as triggers

ARN = "arn:aws:personalize:us-east-1:000000000000:batch-inference-job/users"
TRIGGERS = triggers.PersonalizeActiveTrigger.__subclasses__()

Answers = list[tuple[int, dict[str, Any]]]


def job(status: str, **more: str) -> tuple[int, dict[str, Any]]:
    return 200, {"batchInferenceJob": {"batchInferenceJobArn": ARN, "status": status, **more}}


def event_after(attempts: int = 5) -> dict[str, Any]:
    trigger = triggers.PersonalizeBatchInferenceJobActiveTrigger(arn=ARN, waiter_delay=0, waiter_max_attempts=attempts)

    async def first() -> Any:
        return (await anext(trigger.run())).payload

    payload: dict[str, Any] = asyncio.run(first())
    return payload


def test_there_is_a_trigger_for_each_resource_that_takes_time() -> None:
    assert len(TRIGGERS) == 6


@pytest.mark.parametrize("trigger_class", TRIGGERS, ids=lambda each: each.__name__)
def test_a_trigger_survives_the_way_to_the_triggerer(trigger_class: type[triggers.PersonalizeActiveTrigger]) -> None:
    trigger = trigger_class(arn=ARN, waiter_delay=7, waiter_max_attempts=8, region_name="eu-west-1", verify=False)
    path, form = trigger.serialize()
    again = getattr(triggers, path.rsplit(".", 1)[-1])(**form)
    assert again.serialize() == (path, form)
    assert form["arn"] == ARN
    assert again.waiter_args == {trigger_class.resource.arn_member: ARN}


def test_the_event_of_a_job_that_ends_well_is_a_success(answers: Answers) -> None:
    answers += [job("CREATE PENDING"), job("CREATE IN_PROGRESS"), job("ACTIVE")]
    assert event_after() == {"status": "success", "arn": ARN}
    assert answers == []


def test_the_event_of_a_failed_job_is_final_and_says_why(answers: Answers) -> None:
    answers += [job("CREATE IN_PROGRESS"), job("CREATE FAILED", failureReason="Invalid S3 input path")]
    event = event_after()
    assert (event["status"], event["is_final"]) == ("error", True)
    assert "CREATE FAILED - Invalid S3 input path" in event["message"]


def test_the_event_of_a_wait_that_ran_out_is_not_final(answers: Answers) -> None:
    answers += [job("CREATE IN_PROGRESS")] * 2
    event = event_after(attempts=2)
    assert (event["status"], event["is_final"]) == ("error", False)


def test_a_refused_look_is_not_final(answers: Answers) -> None:
    answers += [(400, {"__type": "AccessDeniedException", "message": "no"})]
    event = event_after()
    assert (event["status"], event["is_final"]) == ("error", False)
