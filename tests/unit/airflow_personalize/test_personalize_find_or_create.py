"""What all create operators have in common when the name is taken: they find, or say why they cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from airflow_personalize.exceptions import PersonalizeResourceConflictError, PersonalizeResourceFailedError
from airflow_personalize.operators.personalize import PersonalizeJobOperator
from tests.unit.airflow_personalize.create_cases import (
    ACCOUNT,
    BATCH_CASE,
    CAMPAIGN_CASE,
    DATASET_CASE,
    FILTER_CASE,
    GROUP_CASE,
    IMPORT_CASE,
    RECIPE,
    SCHEMA_CASE,
    SOLUTION_CASE,
    TRACKER_CASE,
    Case,
    Stub,
    by_waiting_operator,
    expect,
    listed,
    name_is_taken,
)


@by_waiting_operator
def test_a_rerun_returns_what_the_first_try_created(case: Case, stub: Stub) -> None:
    operator = case.make(deferrable=True)
    stubber = stub(operator)
    name_is_taken(stubber, case)
    others = [] if case is TRACKER_CASE else [f"{ACCOUNT}:other/thing"]
    expect(stubber, listed(case, *others, case.arn))
    looks = bool(case.operator.unchangeable) + isinstance(operator, PersonalizeJobOperator) + 1
    expect(stubber, *[case.described(case.ready)] * looks)
    assert operator.execute({}) == case.arn


def test_a_rerun_waits_for_the_job_that_is_still_on_its_way(stub: Stub) -> None:
    operator = BATCH_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, BATCH_CASE)
    expect(stubber, listed(BATCH_CASE, BATCH_CASE.arn), *[BATCH_CASE.described("IN PROGRESS")] * 2)
    expect(stubber, BATCH_CASE.described("ACTIVE"))
    assert operator.execute({}) == BATCH_CASE.arn


def test_a_failed_job_keeps_its_name_so_a_rerun_takes_the_next_free_one(stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    for name in ("run", "run-2"):
        arn = f"{ACCOUNT}:dataset-import-job/{name}"
        name_is_taken(stubber, IMPORT_CASE, name)
        expect(stubber, listed(IMPORT_CASE, arn), replace(IMPORT_CASE, arn=arn).described("CREATE FAILED"))
    third = replace(
        IMPORT_CASE, arn=f"{ACCOUNT}:dataset-import-job/run-3", request={**IMPORT_CASE.request, "jobName": "run-3"}
    )
    expect(stubber, third.created)
    assert operator.execute({}) == third.arn


def test_a_failed_dataset_group_stops_the_task(stub: Stub) -> None:
    operator = GROUP_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, GROUP_CASE)
    expect(stubber, listed(GROUP_CASE, GROUP_CASE.arn), GROUP_CASE.described("CREATE FAILED", failureReason="no role"))
    with pytest.raises(PersonalizeResourceFailedError, match="no role"):
        operator.execute({})


def test_a_name_taken_under_another_parent_is_a_clear_error(stub: Stub) -> None:
    operator = IMPORT_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, IMPORT_CASE)
    expect(stubber, listed(IMPORT_CASE))
    with pytest.raises(PersonalizeResourceConflictError):
        operator.execute({})


@pytest.mark.parametrize(
    ("case", "other"),
    [
        (SCHEMA_CASE, {"schema": '{"type": "enum"}'}),
        (DATASET_CASE, {"schemaArn": f"{ACCOUNT}:schema/older"}),
        (SOLUTION_CASE, {"recipeArn": "arn:aws:personalize:::recipe/aws-popularity-count"}),
        (SOLUTION_CASE, {"recipeArn": RECIPE, "performAutoTraining": True}),
        (FILTER_CASE, {"filterExpression": "INCLUDE ItemID WHERE Items.PRICE > 1"}),
    ],
    ids=["schema", "dataset", "solution of another recipe", "solution that trains by itself", "filter"],
)
def test_what_exists_with_other_content_is_a_clear_error(case: Case, other: dict[str, Any], stub: Stub) -> None:
    operator = case.make()
    stubber = stub(operator)
    name_is_taken(stubber, case)
    answer = {case.resource.member: other}
    expect(stubber, listed(case, case.arn))
    stubber.add_response(f"describe_{case.resource.name}", answer, {case.resource.arn_member: case.arn})
    with pytest.raises(PersonalizeResourceConflictError):
        operator.execute({})


def test_a_schema_written_with_other_blanks_is_the_same_schema(stub: Stub) -> None:
    operator = SCHEMA_CASE.make()
    stubber = stub(operator)
    name_is_taken(stubber, SCHEMA_CASE)
    expect(stubber, listed(SCHEMA_CASE, SCHEMA_CASE.arn))
    expect(stubber, ("describe_schema", {"schema": {"schema": '{ "type":"record" }'}}, {"schemaArn": SCHEMA_CASE.arn}))
    assert operator.execute({}) == SCHEMA_CASE.arn


def test_a_found_campaign_is_left_as_it_is(stub: Stub) -> None:
    operator = CAMPAIGN_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    name_is_taken(stubber, CAMPAIGN_CASE)
    expect(stubber, listed(CAMPAIGN_CASE, CAMPAIGN_CASE.arn))
    assert operator.execute({}) == CAMPAIGN_CASE.arn


@pytest.mark.parametrize("code", ["ResourceInUseException", "LimitExceededException"])
def test_what_is_refused_because_the_first_try_has_created_it_is_found(code: str, stub: Stub) -> None:
    operator = IMPORT_CASE.make(wait_for_completion=False)
    stubber = stub(operator)
    stubber.add_client_error("create_dataset_import_job", code)
    expect(stubber, *[listed(IMPORT_CASE, IMPORT_CASE.arn)] * 2, IMPORT_CASE.described("CREATE IN_PROGRESS"))
    assert operator.execute({}) == IMPORT_CASE.arn
