"""Steps by which a new version is measured, decided on and promoted."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import chain, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import (
    PersonalizeCreateBatchInferenceJobOperator,
    PersonalizeCreateDatasetGroupOperator,
    PersonalizeCreateDatasetImportJobOperator,
    PersonalizeCreateDatasetOperator,
    PersonalizeCreateSolutionOperator,
    PersonalizeCreateSolutionVersionOperator,
    PersonalizeUpdateDatasetOperator,
)
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import group_of_context
from aisle.dag.imports import dataset_group_arn
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.evaluation import twin
from aisle.evaluation.decisions import Candidate, VersionDecision, as_decided, measure, pass_over
from aisle.evaluation.hold_out import HoldOut, cases_of, newest_hold_out, obstacle_of
from aisle.groups.dataset_group import DatasetGroup, Question
from aisle.models import registry
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.stages.train.approval import ApprovePromotionOperator, who_answered
from aisle.stages.train.canary import try_out
from personalize_kinds.kinds import SOLUTION_VERSION

_UNDECIDED = ("candidate", "waiting")


@dataclass(frozen=True, slots=True)
class EvaluationPlan:
    """What `find_candidates` found. All but the hold-out and the twins are by the key of the solution in the file.

    decided    versions that were evaluated before
    obstacles  why candidates cannot be measured
    """

    candidates: dict[str, Candidate]
    decided: dict[str, VersionDecision]
    hold_out: HoldOut
    twins: list[twin.Twin]
    obstacles: dict[str, str]


@task(multiple_outputs=True)
def find_candidates(published: dict[str, str]) -> dict[str, Any]:
    """Plan the evaluation of the versions, given by solution: an EvaluationPlan."""
    group, hook, run_key = group_of_context(), PersonalizeHook(), run_key_of_context()
    hold_out = newest_hold_out(group)
    known = {key: registry.register(group, key, arn, run_key) for key, arn in published.items()}
    new = [question for question in group.questions if known[question.solution].state in _UNDECIDED]
    rivals = {question.solution: _rivals(hook, group, question, published[question.solution]) for question in new}
    obstacles = {question.solution: obstacle_of(group, hold_out, question.kind) for question in new}
    measurable = [pair for key, (_, pair) in rivals.items() if obstacles[key] is None]
    plan = EvaluationPlan(
        candidates={key: candidate for key, (candidate, _) in rivals.items()},
        decided={key: as_decided(version) for key, version in known.items() if version.state not in _UNDECIDED},
        hold_out=hold_out,
        twins=list({twin.name: twin for pair in measurable for twin in pair}.values()),
        obstacles={key: obstacle for key, obstacle in obstacles.items() if obstacle},
    )
    return to_xcom(plan)


def _rivals(
    hook: PersonalizeHook, group: DatasetGroup, question: Question, arn: str
) -> tuple[Candidate, list[twin.Twin]]:
    """Return the version as a candidate, and the twins by which it and the live version are measured."""
    name = group.key(question.solution)
    live_arn = registry.live_version(name)
    own = twin.twin_of(hook.gateway, group, question, arn)
    live = twin.find_twin_of(hook.gateway, group, question, live_arn)
    candidate = Candidate(name, question.kind, arn, own.name, live_arn, live.name if live else None)
    return candidate, [own, live] if live else [own]


def train_twins(group: DatasetGroup, plan: Any) -> Any:
    """Create the tasks that train and ask the twins of `find_candidates`; skipped if nothing can be measured."""

    @task_group(group_id="twin")
    def steps() -> Any:
        role_arn = get_settings().personalize.role_arn
        datasets = plan_datasets(plan)
        beside = PersonalizeCreateDatasetGroupOperator(
            task_id="dataset_group", name=twin.group_name(group), **waiting()
        )
        datasets >> beside
        dataset = PersonalizeCreateDatasetOperator.partial(
            task_id="dataset", dataset_group_arn=beside.output, allow_schema_change=True, **waiting()
        ).expand_kwargs(datasets)
        current = PersonalizeUpdateDatasetOperator.partial(task_id="dataset_schema", **waiting()).expand_kwargs(
            plan_schemas(datasets, dataset.output)
        )
        files = write_files(plan["hold_out"], current.output)
        data = PersonalizeCreateDatasetImportJobOperator.partial(
            task_id="import_job", role_arn=role_arn, **waiting()
        ).expand_kwargs(files)
        solutions = plan_solutions(plan["twins"])
        data >> solutions
        solution = PersonalizeCreateSolutionOperator.partial(
            task_id="solution", dataset_group_arn=beside.output, **waiting()
        ).expand_kwargs(solutions)
        version = PersonalizeCreateSolutionVersionOperator.partial(task_id="version", **waiting()).expand_kwargs(
            plan_versions(solution.output, data.output)
        )
        asked = write_questions(plan, version.output)
        answered = PersonalizeCreateBatchInferenceJobOperator.partial(
            task_id="batch_job", role_arn=role_arn, num_results=get_settings().recommend.num_results, **waiting()
        ).expand_kwargs(asked)
        return record_usage(plan, version.output, answered.output)

    return steps()


@task
def plan_datasets(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """Plan the twins' datasets with the pipeline's own schemas. Skips the twins if nothing can be measured."""
    planned = from_xcom(plan, EvaluationPlan)
    if not planned.twins:
        raise AirflowSkipException("; ".join(planned.obstacles.values()) or "every version was decided on before")
    group, hook = group_of_context(), PersonalizeHook()
    group_arn = dataset_group_arn(hook, group)
    return [
        {
            "name": group.resource_name("holdout", dataset.name),
            "dataset_type": dataset.type,
            "schema_arn": twin.schema_arn_of(hook.gateway, group_arn, dataset),
        }
        for dataset in group.datasets
    ]


@task
def plan_schemas(datasets: list[dict[str, Any]], dataset_arns: list[str]) -> list[dict[str, str]]:
    """Plan the schema of each dataset: columns added to the pipeline's own are added to the twin's too."""
    pairs = zip(datasets, dataset_arns, strict=True)
    return [{"arn": arn, "schema_arn": dataset["schema_arn"]} for dataset, arn in pairs]


@task
def write_files(hold_out: dict[str, Any], dataset_arns: list[str]) -> list[dict[str, Any]]:
    """Write the rows before the hold-out, one CSV per dataset, and plan their import."""
    group, run_key = group_of_context(), run_key_of_context()
    s3, bounds = S3Hook().get_conn(), from_xcom(hold_out, HoldOut)
    imports = []
    for dataset, dataset_arn in zip(group.datasets, dataset_arns, strict=True):
        with receipt(run_key, "evaluate", group.key(f"holdout-{dataset.name}")) as slip:
            copied = twin.write_csv(s3, group, dataset, bounds, run_key)
            name = group.resource_name(dataset.name, run_key, twin.content_tag(dataset_arn, copied.sha256))
            slip.rows_out, slip.bytes, slip.details = copied.n_rows, copied.n_bytes, {"import_job": name}
        imports.append({"name": name, "dataset_arn": dataset_arn, "data_location": copied.uri})
    return imports


@task
def plan_solutions(twins: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Plan a solution for each twin."""
    members = ("name", "recipe_arn", "solution_config", "event_type")
    return [{member: twin[member] for member in members} for twin in twins]


@task
def plan_versions(solution_arns: list[str], import_arns: list[str]) -> list[dict[str, Any]]:
    """Plan a version of each twin's solution, named after its training data."""
    name = f"{run_key_of_context()}-{twin.content_tag(*import_arns)}"
    return [{"name": name, "solution_arn": arn} for arn in solution_arns]


@task
def write_questions(plan: dict[str, Any], version_arns: list[str]) -> list[dict[str, Any]]:
    """Write the questions to each twin, and plan the batch job that asks them."""
    group, run_key, s3 = group_of_context(), run_key_of_context(), S3Hook().get_conn()
    planned = from_xcom(plan, EvaluationPlan)
    jobs = []
    for rival, version_arn in zip(planned.twins, version_arns, strict=True):
        cases = cases_of(group, planned.hold_out, rival.kind)
        jobs.append(
            {
                "name": group.resource_name(rival.kind, run_key, twin.content_tag(version_arn, rival.name)),
                "solution_version_arn": version_arn,
                "input_location": twin.write_questions(s3, group, rival.kind, cases, run_key),
                "output_location": twin.output_uri(group, rival.name, run_key),
            }
        )
    return jobs


@task
def record_usage(plan: dict[str, Any], version_arns: list[str], job_arns: list[str]) -> None:
    """Record what the twins used of the service. No job is reused: the run key is in their names."""
    group, hook, run_key = group_of_context(), PersonalizeHook(), run_key_of_context()
    planned = from_xcom(plan, EvaluationPlan)
    for rival, version_arn, job_arn in zip(planned.twins, version_arns, job_arns, strict=True):
        with receipt(run_key, "evaluate", group.key(rival.name)) as slip:
            hours = hook.describe(SOLUTION_VERSION, version_arn).get("trainingHours")
            slip.details = {"solution_version": version_arn, "training_hours": hours, "reused": False}
        with receipt(run_key, "evaluate", group.key(f"{rival.name}-answers")) as slip:
            slip.rows_in = len(twin.asked_ids(cases_of(group, planned.hold_out, rival.kind)))
            slip.details = {"job": job_arn, "reused": False}


@task(multiple_outputs=True, trigger_rule="none_failed")
def decide(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Decide on the version of each solution, by its key in the file, from the twins' answers."""
    group, planned = group_of_context(), from_xcom(plan, EvaluationPlan)
    with receipt(run_key_of_context(), "evaluate", group.key("decide")) as slip:
        decisions = {
            **{key: pass_over(planned.candidates[key], obstacle) for key, obstacle in planned.obstacles.items()},
            **_decide_by_twins(group, planned),
        }
        slip.rows_out = len(decisions)
        slip.details = {key: decision.reason for key, decision in decisions.items()}
    return {key: to_xcom(decision) for key, decision in {**planned.decided, **decisions}.items()}


def _decide_by_twins(group: DatasetGroup, plan: EvaluationPlan) -> dict[str, VersionDecision]:
    s3, run_key, hold_out = S3Hook().get_conn(), run_key_of_context(), plan.hold_out
    lists = {
        rival.name: twin.read_lists(s3, rival.kind, twin.output_uri(group, rival.name, run_key)) for rival in plan.twins
    }
    return {
        key: measure(group, candidate, lists, hold_out, cases_of(group, hold_out, candidate.kind))
        for key, candidate in plan.candidates.items()
        if key not in plan.obstacles
    }


def promote_solution(group: DatasetGroup, key: str, decisions: Any) -> Any:
    """Create the tasks that ask for approval, try a canary, and make the version live. Unneeded ones are skipped."""

    @task_group(group_id=f"promote-{key}")
    def steps() -> None:
        decision = decisions[key]
        approval = ApprovePromotionOperator(
            task_id="approve", decision=decision, subject=f"May the new version of {group.key(key)} go live?"
        )
        chain(approval, try_out(group, key, decision), promote(group.key(key), decision, approval.output))

    return steps()


@task(trigger_rule="none_failed")
def promote(solution: str, decision: dict[str, Any], approval: dict[str, Any] | None) -> None:
    """Make the version live. Skips itself, with the reason, where it may not be or is decided already."""
    decided = from_xcom(decision, VersionDecision)
    if not decided.passed:
        raise AirflowSkipException(decided.reason)
    by = who_answered(approval) if approval else "gate"
    registry.promote(solution, decided.arn, by, decided.reason)
