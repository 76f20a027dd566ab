"""The tasks of the erase DAG. No XCom identifies the person: each task reads the request again."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Param, get_current_context, task, task_group
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowSkipException

from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.operators.personalize import PersonalizeCreateDataDeletionJobOperator
from aisle.contracts.s3_layout import erased_users
from aisle.dag.assets import CACHE, RAW_ORDERS
from aisle.dag.defaults import asked_by, run_key_of_context, waiting
from aisle.dag.xcom import to_xcom
from aisle.evaluation import twin
from aisle.groups.dataset_group import dataset_groups
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.objects import S3Uri
from aisle.ops.receipts import Receipt, receipt, write
from aisle.orders.ledger import changes
from aisle.orders.redaction import Redaction
from aisle.settings import get_settings
from aisle.sources import sources
from aisle.stages.erase import folders
from aisle.stages.erase.files import Eraser
from aisle.stages.erase.person import read_request, traces_of
from aisle.stages.erase.rows import forget
from aisle.warehouse import connect, sql, warehouse_url
from personalize_kinds.kinds import DATASET_GROUP

PARAMS: dict[str, Param] = {
    "request_id": Param(
        type="string",
        minLength=1,
        maxLength=64,
        description="Id of a row of identity.erasure_requests, filed with `aisle erase`. Never a phone or an e-mail.",
    )
}


@task(outlets=[CACHE])
def forget_in_warehouse(params: Any = None, outlet_events: Any = None) -> dict[str, int]:
    """Find the person, store their erasure records, and remove them from every table, in one transaction."""
    run_key = run_key_of_context()
    with receipt(run_key, "erase", "warehouse") as slip, connect() as connection:
        request = read_request(connection, params["request_id"])
        if request.is_done:
            raise AirflowSkipException(f"request {params['request_id']} is done already")
        identity = get_settings().identity
        hasher = PersonHasher(identity)
        traces = traces_of(connection, request, hasher, identity.most_links)
        rows = forget(connection, params["request_id"], traces.user_ids, ContactFinder(hasher))
        slip.rows_out, slip.details = sum(rows.values()), {**traces.counts, **rows}
    outlet_events[CACHE].extra = {"run_key": run_key}
    return slip.details


@task
def forget_in_files() -> dict[str, int]:
    """Remove the person from every file of ingest, export and recommend."""
    settings = get_settings()
    with (
        receipt(run_key_of_context(), "erase", "files") as slip,
        psycopg.connect(warehouse_url(), autocommit=True) as connection,
    ):
        connection.execute(sql("identity/erasures/await_archive").encode())
        hasher = PersonHasher(settings.identity)
        redactions = {source.name: Redaction(connection, source.name, hasher) for source in sources()}
        rewritten = Eraser(S3Hook().get_conn(), settings.storage.bucket, _user_ids(), redactions).erase()
        slip.rows_in, slip.rows_out = rewritten.looked_at, rewritten.rewritten
    return to_xcom(rewritten)


@task
def forget_in_folders() -> dict[str, int]:
    """Remove the person from the reports, dbt artifacts and task logs of this worker."""
    settings = get_settings()
    places = (settings.docs.directory, settings.transform.runs_directory, Path(conf.get("logging", "base_log_folder")))
    finder = ContactFinder(PersonHasher(settings.identity))
    with receipt(run_key_of_context(), "erase", "folders") as slip:
        rewritten = folders.forget_in_folders(places, _user_ids(), finder)
        slip.rows_in, slip.rows_out = rewritten.looked_at, rewritten.rewritten
    return to_xcom(rewritten)


def forget_in_service() -> Any:
    """Create the tasks that remove the person from Personalize; skipped if nothing was ever exported."""

    @task_group(group_id="service")
    def steps() -> None:
        jobs = PersonalizeCreateDataDeletionJobOperator.partial(
            task_id="deletion_job", role_arn=get_settings().personalize.role_arn, **waiting()
        ).expand_kwargs(list_users())
        jobs >> unlist_users()

    return steps()


@task
def list_users() -> list[dict[str, str]]:
    """Write the user ids to S3, and plan a job for each dataset group of the pipeline and of its evaluation."""
    settings, run_key = get_settings(), run_key_of_context()
    names = [name for group in dataset_groups() for name in (group.name, twin.group_name(group))]
    groups = {name: arn for name in names if (arn := PersonalizeHook().find(DATASET_GROUP, name))}
    if not groups:
        raise AirflowSkipException("the service has no dataset group of this pipeline: nothing was ever exported")
    key = erased_users(run_key)
    S3Hook().load_string("\n".join(["USER_ID", *_user_ids(), ""]), key, settings.storage.bucket, replace=True)
    location = str(S3Uri(settings.storage.bucket, key).folder)
    write(Receipt(run_key, "erase", "service", rows_out=len(groups), details={"dataset_groups": sorted(groups)}))
    return [
        {"name": f"{name}-erase-{run_key}", "dataset_group_arn": arn, "data_location": location}
        for name, arn in groups.items()
    ]


@task
def unlist_users() -> None:
    """Remove the list of user ids."""
    S3Hook().delete_objects(get_settings().storage.bucket, [erased_users(run_key_of_context())])


@task(outlets=[RAW_ORDERS], trigger_rule="none_failed_min_one_success")
def finish(params: Any = None, outlet_events: Any = None) -> None:
    """Certify what was erased, blank the request, and let transform rebuild the marts."""
    run_key = run_key_of_context()
    with receipt(run_key, "erase", "request") as slip, connect() as connection:
        certified = {"request_id": params["request_id"], "run_key": run_key, "asked_by": asked_by()}
        connection.execute(sql("identity/erasure_certificates/insert").encode(), certified)
        connection.execute(sql("identity/erasure_requests/finish").encode(), {"request_id": params["request_id"]})
        slip.details = {"request_id": params["request_id"]}
        outlet_events[RAW_ORDERS].extra = {"run_key": run_key, **changes(connection)}


def _user_ids() -> list[str]:
    """Return the user ids that the first task stored in the request: no XCom identifies a person."""
    context: Any = get_current_context()
    with connect() as connection:
        request = read_request(connection, context["params"]["request_id"])
    return request.user_ids or []
