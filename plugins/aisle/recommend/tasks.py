"""Steps of the recommend leg: for users and for items an input, a batch job, and one announcement for both."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.sdk import task, task_group

from aisle.assets import BATCH_OUTPUT, MODELS
from aisle.aws.hooks.personalize import PersonalizeHook
from aisle.aws.operators.personalize import PersonalizeCreateBatchInferenceJobOperator
from aisle.aws.transfers.copy_to_s3 import LineFormat, copy_to_s3
from aisle.contracts.s3_layout import recommend_input, recommend_output_prefix
from aisle.dag_defaults import run_key_of_context
from aisle.errors import BatchOutputIncomplete, FinalError
from aisle.evaluate.live import live_model
from aisle.jobs import Job, plan_job, record_job, waiting
from aisle.personalize import QUESTIONS, Question, dataset_group_arn, newest_imports, resource_name
from aisle.receipts import receipt
from aisle.settings import get_settings
from aisle.warehouse import connect, sql


@task(multiple_outputs=True)
def find_models() -> dict[str, Any]:
    """The live model for each question, by kind, and the imports that are in force."""
    hook = PersonalizeHook()
    models = {question.kind: live_model(hook, question.solution.name) for question in QUESTIONS}
    return {**models, "imports": newest_imports(hook, dataset_group_arn(hook))}


def ask(question: Question, models: Any) -> Any:
    """The tasks that put one question to its model; gives the asked lines, their answers' place, the model."""

    @task_group(group_id=question.kind)
    def steps() -> Any:
        lines = write_input(question.kind)
        plan = plan_answer(question.kind, lines, models[question.kind], models["imports"])
        settings = get_settings()
        job = PersonalizeCreateBatchInferenceJobOperator(
            task_id="batch_job",
            name=plan["job_name"],
            solution_version_arn=models[question.kind],
            input_location=lines["uri"],
            output_location=plan["output_uri"],
            role_arn=settings.personalize.role_arn,
            num_results=settings.recommend.num_results,
            **waiting(),
        )
        return record_answer(question.kind, lines, plan, models[question.kind], job.output)

    return steps()


@task(multiple_outputs=True)
def write_input(kind: str) -> dict[str, Any]:
    """Stream the lines of a batch job's input to S3. Gives uri, n_rows, n_bytes and sha256."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    run_key, settings = run_key_of_context(), get_settings()
    with receipt(run_key, "recommend", f"{kind}-input") as slip:
        with connect() as connection:
            copied = copy_to_s3(
                connection,
                sql(f"recommend/{kind}/select"),
                LineFormat.JSON_LINES,
                S3Hook().get_conn(),
                settings.storage.bucket,
                recommend_input(kind, run_key),
                {"active_days": settings.recommend.active_days},
            )
        if not copied.n_rows:
            raise FinalError(f"Asking for recommendations: there are no {kind} to ask for. Run `ingest`, `transform`.")
        slip.rows_in = slip.rows_out = copied.n_rows
        slip.bytes = copied.n_bytes
    return copied._asdict()


@task(multiple_outputs=True)
def plan_answer(kind: str, lines: dict[str, Any], version_arn: str, imports: list[str]) -> dict[str, Any]:
    """Name the batch job and its output: those of the newest one, if it answered the same and is still there."""
    run_key, settings = run_key_of_context(), get_settings()
    inputs = {
        "version": version_arn,
        "imports": imports,
        "sha256": lines["sha256"],
        "num_results": settings.recommend.num_results,
    }
    plan = plan_job(f"recommend-{kind}", resource_name(kind, run_key), inputs, lambda job: _has_answers(job.output_uri))
    new_output = f"s3://{settings.storage.bucket}/{recommend_output_prefix(kind, run_key)}"
    return plan._replace(output_uri=plan.output_uri or new_output)._asdict()


def _has_answers(output_uri: str | None) -> bool:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    if not output_uri:
        return False
    bucket, prefix = S3Hook.parse_s3_url(output_uri)
    return any(key.endswith(".out") for key in S3Hook().list_keys(bucket, prefix) or [])


@task
def record_answer(
    kind: str, lines: dict[str, Any], plan: dict[str, Any], version_arn: str, job_arn: str
) -> dict[str, Any]:
    """Remember what was answered, and hand it on. Raises BatchOutputIncomplete if the answers are gone."""
    run_key, output_uri = run_key_of_context(), plan["output_uri"]
    with receipt(run_key, "recommend", kind) as slip:
        record_job(f"recommend-{kind}", Job(plan["fingerprint"], job_arn, run_key, output_uri))
        if not _has_answers(output_uri):
            raise BatchOutputIncomplete(
                f"Looking for the answers of {job_arn}: the job is ACTIVE, but nothing lies under {output_uri}. "
                "Something removed them: run `recommend` again, and it asks anew."
            )
        slip.rows_in = lines["n_rows"]
        slip.details = {"output": output_uri, "job": job_arn, "reused": plan["reused"], "solution_version": version_arn}
    return {"output": output_uri, "asked": lines["n_rows"], "solution_version": version_arn}


@task(inlets=[MODELS], outlets=[BATCH_OUTPUT])
def announce(users: dict[str, Any], items: dict[str, Any], outlet_events: Any = None) -> None:
    """Tell where the answers are."""
    outlet_events[BATCH_OUTPUT].extra = {
        "run_key": run_key_of_context(),
        "user_output": users["output"],
        "item_output": items["output"],
        "users_asked": users["asked"],
        "items_asked": items["asked"],
        "user_solution_version": users["solution_version"],
        "item_solution_version": items["solution_version"],
    }
