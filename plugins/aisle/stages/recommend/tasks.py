"""Tasks of the recommend stage: for users and for items an input and a batch job, and one announcement for both."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import PersonalizeCreateBatchInferenceJobOperator
from airflow_postgres_s3.copy_to_s3 import Copied, RecordFormat, copy_to_s3
from aisle.batch.records import has_output
from aisle.contracts.s3_layout import recommend_input, recommend_output_prefix
from aisle.dag.assets import BATCH_OUTPUT, MODELS
from aisle.dag.defaults import run_key_of_context, waiting
from aisle.dag.groups import asset_of, group_of_context
from aisle.dag.imports import dataset_group_arn, newest_imports
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.errors import BatchOutputIncomplete, FinalError
from aisle.groups.dataset_group import DatasetGroup, Kind, Question
from aisle.groups.environment import BatchInference
from aisle.models.live import live_models
from aisle.objects import S3Uri
from aisle.ops.jobs import Job, Plan, plan_job, record_job
from aisle.ops.receipts import receipt
from aisle.settings import get_settings
from aisle.warehouse import connect, sql
from personalize_kinds.kinds import FILTER

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answers of one model: the S3 prefix they are under, how many were asked for, and the version's ARN."""

    output: str
    asked: int
    solution_version: str


@task(multiple_outputs=True)
def find_models() -> dict[str, Any]:
    """Find the live model of each kind, or why it has none, and the imports in use."""
    hook, group = PersonalizeHook(), group_of_context()
    models = live_models(hook.gateway, group)
    for kind, why in models.without.items():
        log.warning("%s are left out of this run: %s", kind, why)
    arns: dict[str, Any] = {question.kind: models.arns.get(question.kind) for question in group.questions}
    return {**arns, "without": models.without, "imports": newest_imports(hook, group)}


def write(question: Question) -> Any:
    """Create the task `write_<kind>`, which writes the batch job's input and returns its place and size."""
    return write_input.override(task_id=f"write_{question.kind}")(question.kind)


def ask(group: DatasetGroup, question: Question, models: Any, questions: Any, gate: Any) -> Any:
    """Create the tasks that run one kind's batch job after the gate has passed.

    They return an `Answer`; they are skipped if no model is live for this kind.
    """
    inference = batch_of(group, question)

    @task_group(group_id=question.kind)
    def steps() -> Any:
        plan = plan_answer(question.kind, question.solution, questions, models)
        gate >> plan
        job = PersonalizeCreateBatchInferenceJobOperator(
            task_id="batch_job",
            name=plan["job_name"],
            solution_version_arn=models[question.kind],
            input_location=questions["uri"],
            output_location=plan["output_uri"],
            role_arn=get_settings().personalize.role_arn,
            num_results=inference.num_results,
            filter_arn=plan["filter_arn"],
            job_config=_job_config(inference),
            **waiting(),
        )
        return record_answer(question.kind, questions, plan, models[question.kind], job.output)

    return steps()


def batch_of(group: DatasetGroup, question: Question) -> BatchInference:
    """Return the batch settings of a question: those of the environment's file, else of the settings."""
    said = group.solutions[question.solution].batch_inference
    return said or BatchInference(num_results=get_settings().recommend.num_results)


def _job_config(inference: BatchInference) -> dict[str, Any] | None:
    exploration = inference.exploration.on_the_wire()
    return {"itemExplorationConfig": exploration} if exploration else None


@task(multiple_outputs=True)
def write_input(kind: str) -> dict[str, Any]:
    """Stream the lines of a batch job's input to S3. Gives uri, n_rows, n_bytes and sha256."""
    group, run_key, settings = group_of_context(), run_key_of_context(), get_settings()
    marts = {mart: group.mart(mart) for mart in ("interactions", "items")}
    values = {
        "active_days": settings.recommend.active_days,
        "is_everybody": group.is_whole_shop,
    }
    with receipt(run_key, "recommend", group.key(f"{kind}-input")) as slip:
        with connect() as connection:
            copied = copy_to_s3(
                connection,
                sql(f"recommend/{kind}", **marts),
                RecordFormat.JSON_LINES,
                S3Hook().get_conn(),
                settings.storage.bucket,
                recommend_input(kind, run_key, group.folder),
                values,
            )
        if not copied.n_rows:
            raise FinalError(
                f"Asking for recommendations: group {group.name} has no {kind} to ask for. Run `ingest`, `transform`."
            )
        slip.rows_in = slip.rows_out = copied.n_rows
        slip.bytes = copied.n_bytes
    return to_xcom(copied)


@task(multiple_outputs=True)
def plan_answer(kind: Kind, solution: str, questions: dict[str, Any], models: dict[str, Any]) -> dict[str, Any]:
    """Name the batch job and its output: those of the newest one, if it answered the same and is still there.

    A kind without a live model is skipped, and its receipt has the reason.
    """
    group, run_key = group_of_context(), run_key_of_context()
    if why := models["without"].get(kind):
        with receipt(run_key, "recommend", group.key(kind)) as slip:
            slip.details = {"without": why}
        raise AirflowSkipException(why)
    inference = batch_of(group, Question(kind, solution))
    inputs = {
        "version": models[kind],
        "imports": models["imports"],
        "sha256": from_xcom(questions, Copied).sha256,
        **inference.model_dump(exclude={"schedule"}, exclude_defaults=True),
        "num_results": inference.num_results,
    }
    name = group.resource_name(kind, run_key)
    plan = plan_job(group.key(f"recommend-{kind}"), name, inputs, lambda job: _has_answers(job.output_uri))
    new_output = S3Uri(get_settings().storage.bucket, recommend_output_prefix(kind, run_key, group.folder))
    planned = replace(plan, output_uri=plan.output_uri or str(new_output))
    return {**to_xcom(planned), "filter_arn": _filter_arn(group, inference.filter)}


def _filter_arn(group: DatasetGroup, key: str | None) -> str | None:
    """ARN of a filter of the file. Raises FinalError if the service has it not."""
    if key is None:
        return None
    hook, name = PersonalizeHook(), group.described.name_of(key, group.described.filters[key].name)
    arn = hook.find(FILTER, name, datasetGroupArn=dataset_group_arn(hook, group))
    if arn is None:
        raise FinalError(f"Looking for filter {name}: group {group.name} has none of this name. Run `aisle apply`.")
    return arn


def _has_answers(output_uri: str | None) -> bool:
    return bool(output_uri) and has_output(S3Hook().get_conn(), str(output_uri))


@task
def record_answer(
    kind: str, questions: dict[str, Any], plan: dict[str, Any], version_arn: str, job_arn: str
) -> dict[str, Any]:
    """Remember what was answered, and hand it on. Raises BatchOutputIncomplete if the answers are gone."""
    group, run_key = group_of_context(), run_key_of_context()
    planned, asked = from_xcom(plan, Plan), from_xcom(questions, Copied).n_rows
    with receipt(run_key, "recommend", group.key(kind)) as slip:
        record_job(group.key(f"recommend-{kind}"), Job(planned.fingerprint, job_arn, run_key, planned.output_uri))
        if not _has_answers(planned.output_uri):
            raise BatchOutputIncomplete(
                f"Looking for the answers of {job_arn}: the job is ACTIVE, but nothing lies under {planned.output_uri}."
                " Something removed them: run `recommend` again, and it asks anew."
            )
        slip.rows_in = asked
        slip.details = {
            "output": planned.output_uri,
            "job": job_arn,
            "reused": planned.reused,
            "solution_version": version_arn,
        }
    return to_xcom(Answer(str(planned.output_uri), asked, version_arn))


def announce(group: DatasetGroup, answers: dict[Kind, Any], models: Any) -> Any:
    """Create the task that announces where the answers to each question are, and why some have none."""
    asset = asset_of(group, BATCH_OUTPUT)

    @task(inlets=[asset_of(group, MODELS)], outlets=[asset], trigger_rule="none_failed")
    def announce(answers: dict[str, dict[str, Any] | None], without: dict[str, str], outlet_events: Any = None) -> None:
        outlet_events[asset].extra = {"run_key": run_key_of_context(), **_event_extra(answers, without)}

    return announce(answers, models["without"])


def _event_extra(answers: dict[str, dict[str, Any] | None], without: dict[str, str]) -> dict[str, Any]:
    """Return the event for publish: user_output, users_asked, user_solution_version for users; the same for items."""
    extra: dict[str, Any] = {"without": without}
    for kind, value in answers.items():
        if value is None:
            continue
        subject, answer = kind.removesuffix("s"), from_xcom(value, Answer)
        extra |= {
            f"{subject}_output": answer.output,
            f"{kind}_asked": answer.asked,
            f"{subject}_solution_version": answer.solution_version,
        }
    return extra
