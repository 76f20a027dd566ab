from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from unittest.mock import Mock

import pytest

from airflow_personalize.hooks.personalize import WAITERS
from airflow_personalize.triggers import personalize as triggers
from personalize_kinds.waiters import waiter_name

ARN = "arn:aws:personalize:us-east-1:000000000000:batch-inference-job/users"
TRIGGERS = triggers.PersonalizeBaseTrigger.__subclasses__()

#: botocore itself does not ask again.
ONE_TRY: dict[str, Any] = {"retries": {"total_max_attempts": 1}}
#: The server hangs up instead of answering.
NO_ANSWER: tuple[int, dict[str, Any]] = (0, {})

#: The service refuses the poll because it was asked too often.
THROTTLED = (400, {"__type": "ThrottlingException", "message": "slow down"})

Answers = list[tuple[int, dict[str, Any]]]


def job(status: str, **more: str) -> tuple[int, dict[str, Any]]:
    return 200, {"batchInferenceJob": {"batchInferenceJobArn": ARN, "status": status, **more}}


def event_after(attempts: int = 5) -> dict[str, Any]:
    return first_event(
        triggers.PersonalizeBatchInferenceJobActiveTrigger(
            arn=ARN, waiter_delay=0, waiter_max_attempts=attempts, botocore_config=ONE_TRY
        )
    )


def first_event(trigger: triggers.PersonalizeBaseTrigger) -> dict[str, Any]:
    async def first() -> Any:
        return (await anext(trigger.run())).payload

    payload: dict[str, Any] = asyncio.run(first())
    return payload


def test_there_is_a_trigger_for_each_waiter() -> None:
    waiters = {waiter_name(trigger.resource, trigger.outcome) for trigger in TRIGGERS}
    assert waiters == json.loads(WAITERS.read_text())["waiters"].keys()
    assert len(TRIGGERS) == len(waiters)


@pytest.mark.parametrize("trigger_class", TRIGGERS, ids=lambda trigger: trigger.__name__)
def test_a_trigger_survives_the_way_to_the_triggerer(trigger_class: type[triggers.PersonalizeBaseTrigger]) -> None:
    trigger = trigger_class(arn=ARN, waiter_delay=7, waiter_max_attempts=8, region_name="eu-west-1", verify=False)
    path, form = trigger.serialize()
    again = getattr(triggers, path.rsplit(".", 1)[-1])(**form)
    assert again.serialize() == (path, form)
    assert form["arn"] == ARN
    assert again.waiter_args == {trigger_class.resource.arn_member: ARN}


def test_the_event_of_a_job_that_succeeds_is_a_success(answers: Answers) -> None:
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


@pytest.mark.parametrize("fault", [THROTTLED, (503, {})], ids=["throttled", "unavailable"])
def test_a_look_that_meets_a_fault_counts(fault: tuple[int, dict[str, Any]], answers: Answers) -> None:
    answers += [fault] * 3
    event = event_after(attempts=3)
    assert (event["status"], event["is_final"]) == ("error", False)
    assert answers == []


def test_throttling_in_between_is_waited_out(answers: Answers) -> None:
    answers += [job("CREATE PENDING"), THROTTLED, job("ACTIVE")]
    assert event_after()["status"] == "success"


def test_a_look_without_an_answer_is_a_look(answers: Answers) -> None:
    answers += [job("CREATE PENDING"), NO_ANSWER, job("ACTIVE")]
    assert event_after(attempts=5)["status"] == "success"
    assert answers == []


@pytest.mark.parametrize(
    "polls",
    [
        [NO_ANSWER] * 3,
        [job("CREATE PENDING"), NO_ANSWER, job("CREATE PENDING")],
        [NO_ANSWER, job("CREATE PENDING"), NO_ANSWER],
        [THROTTLED, NO_ANSWER, job("CREATE IN_PROGRESS")],
    ],
    ids=["none answered", "second not answered", "second answered", "throttled, not answered, pending"],
)
def test_every_poll_is_an_attempt_whatever_came_of_it(polls: Answers, answers: Answers) -> None:
    answers += [*polls, job("ACTIVE")]
    event = event_after(attempts=3)
    assert (event["status"], event["is_final"]) == ("error", False)
    assert answers == [job("ACTIVE")]


def test_what_is_gone_is_deleted(answers: Answers) -> None:
    answers += [
        (200, {"campaign": {"campaignArn": ARN, "status": "DELETE IN_PROGRESS"}}),
        (400, {"__type": "ResourceNotFoundException", "message": "it does not exist"}),
    ]
    trigger = triggers.PersonalizeCampaignDeletedTrigger(arn=ARN, waiter_delay=0)
    assert first_event(trigger) == {"status": "success", "arn": ARN}


def test_an_update_is_waited_for_by_its_own_status(answers: Answers) -> None:
    for status in ("CREATE IN_PROGRESS", "CREATE FAILED"):
        update = {"status": status, "failureReason": "no capacity"}
        campaign = {"campaignArn": ARN, "status": "ACTIVE", "latestCampaignUpdate": update}
        answers.append((200, {"campaign": campaign}))
    event = first_event(triggers.PersonalizeCampaignUpdatedTrigger(arn=ARN, waiter_delay=0))
    assert event["is_final"]
    assert "CREATE FAILED - no capacity" in event["message"]


@pytest.mark.parametrize("stop_on_kill", [True, False])
def test_a_deferred_training_is_stopped_by_whom_kills_it_and_only_if_asked(
    stop_on_kill: bool, answers: Answers
) -> None:
    answers += [(200, {}), (200, {})]
    trigger = triggers.PersonalizeSolutionVersionActiveTrigger(arn=ARN, stop_on_kill=stop_on_kill)
    asyncio.run(trigger.on_kill())
    assert len(answers) == (1 if stop_on_kill else 2)


def test_a_trigger_that_is_moved_or_shut_down_stops_nothing(answers: Answers) -> None:
    answers += [(200, {"solutionVersion": {"solutionVersionArn": ARN, "status": "CREATE IN_PROGRESS"}})] * 3
    trigger = triggers.PersonalizeSolutionVersionActiveTrigger(arn=ARN, waiter_delay=9, stop_on_kill=True)

    async def run_and_cancel() -> None:
        waiting = asyncio.ensure_future(anext(trigger.run()))
        while len(answers) == 3:  # until it has asked once
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await trigger.cleanup()

    asyncio.run(run_and_cancel())
    assert len(answers) == 2


def test_a_failed_look_of_an_async_client_is_logged_with_its_request_id(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = Mock()
    monkeypatch.setattr("airflow_personalize.hooks.personalize.log", logger)
    answers += [(400, {"__type": "AccessDeniedException", "message": "no"})]
    event_after()
    level, text, *values = logger.log.call_args.args
    message = text % tuple(values)
    assert (level, message) == (
        logging.WARNING, "DescribeBatchInferenceJob failed: AccessDeniedException, request id r-1"
    )  # fmt: skip
