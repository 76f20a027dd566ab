"""The steps of publish as Airflow tasks. What they do is in the modules beside this one."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from typing import Any

from airflow.providers.amazon.aws.hooks.s3 import S3Hook
from airflow.sdk import Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.batch.output import Batch, batch_by_hand, batch_of_event
from aisle.batch.ranking import score_kind
from aisle.batch.records import output_records
from aisle.cache import coverage, generations
from aisle.cache.schema import prepare
from aisle.cache.staging import Staged
from aisle.cache.staging import stage as stage_records
from aisle.contracts.recommendations import LIST_TABLES, ScoreKind, Subject
from aisle.dag.assets import BATCH_OUTPUT, CACHE
from aisle.dag.defaults import run_key_of_context
from aisle.dag.groups import asset_of, group_of_context
from aisle.dag.xcom import from_xcom, to_xcom
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup
from aisle.ops.receipts import receipt
from aisle.settings import get_settings

#: For a hand start. An asset-triggered run takes everything from the event.
OUTPUT_PARAMS: dict[str, Param] = {
    f"{subject}_output": Param(
        None,
        type=["null", "string"],
        pattern=r"^s3://[^/]+/.+/$",
        description=f"S3 prefix of the {subject} batch job's output. Both empty: the newest batch output.",
    )
    for subject in ("user", "item")
}


def subjects_of(group: DatasetGroup) -> tuple[Subject, ...]:
    """Return the subjects of a group's lists: users, items or both."""
    return tuple(question.kind for question in group.questions)


@task(multiple_outputs=True)
def find_batch_output() -> dict[str, Any]:
    """Find the batch to publish: of the params, else of the event that started this run, else the newest."""
    context: Any = get_current_context()
    group, run_key, params = group_of_context(), run_key_of_context(), context["params"]
    prepare(group)
    if params.get("user_output") or params.get("item_output"):
        return to_xcom(batch_by_hand(run_key, params.get("user_output"), params.get("item_output"), subjects_of(group)))
    return to_xcom(batch_of_event(run_key, newest_extra(context, group), subjects_of(group)))


@task
def stage(subject: Subject, batch: dict[str, Any]) -> dict[str, Any]:
    """Load one batch job's output into the staging table beside the live one; skipped if nothing was asked."""
    source, group = from_xcom(batch, Batch), group_of_context()
    if why := source.without.get(subject):
        raise AirflowSkipException(why)
    with receipt(source.run_key, "publish", group.key(f"stage_{subject}")) as slip:
        s3, scored_by = _aws()
        records = output_records(s3, str(source.output_of(subject)))
        staged = stage_records(records, subject, source.run_key, scored_by, group)
        slip.rows_in, slip.rows_out = staged.lines, staged.lists
        slip.details = {"rejected": staged.rejected, "repeated": staged.repeated, "unscored": staged.unscored}
    return to_xcom(staged)


@task(trigger_rule="none_failed")
def check_coverage(batch: dict[str, Any], staged: list[dict[str, Any] | None]) -> dict[str, float]:
    """Stop unless enough of what was asked has an answer."""
    source, minimum, group = from_xcom(batch, Batch), get_settings().publish.min_coverage, group_of_context()
    return {
        subject.subject: coverage.check_coverage(
            subject, source.asked_of(subject.subject), minimum, source.run_key, group
        )
        for subject in _staged(staged)
    }


@task(trigger_rule="none_failed")
def switch(batch: dict[str, Any], staged: list[dict[str, Any] | None]) -> None:
    """Make the staged generation live. Readers see the old one or the new one, never a mixture."""
    context: Any = get_current_context()
    source, group = from_xcom(batch, Batch), group_of_context()
    new = new_generation(source, _staged(staged))
    with receipt(source.run_key, "publish", group.key("switch")) as slip:
        generations.switch(new, group)
        slip.rows_in = new.user_lists + new.item_lists  # staging has counted them as written
    context["outlet_events"][asset_of(group, CACHE)].extra = {"run_key": source.run_key}


def new_generation(batch: Batch, staged: list[Staged]) -> generations.Generation:
    """Return the staged generation. A subject that the group is not asked about counts 0 asked and 0 lists."""
    of_subject = {counts.subject: counts for counts in staged}
    users, items = (of_subject.get(subject) or Staged(subject=subject) for subject in LIST_TABLES)
    return generations.Generation(
        generation=batch.run_key,
        user_lists=users.lists,
        item_lists=items.lists,
        users_asked=users.lines if batch.users_asked is None else batch.users_asked,
        items_asked=items.lines if batch.items_asked is None else batch.items_asked,
        solution_versions={subject: batch.solution_versions[subject] for subject in of_subject},
        subjects=tuple(of_subject),
    )


def newest_extra(context: Any, group: DatasetGroup) -> dict[str, Any]:
    """Return the extra of the group's batch output event: the one that started this run, else the newest."""
    came = asset_of(group, BATCH_OUTPUT)
    started_by = sorted(context["triggering_asset_events"][came], key=lambda event: event.extra["run_key"])
    events = started_by or list(context["inlet_events"][came].ascending(False).limit(1))
    if not events:
        raise ConfigurationError(
            f"looking for batch output to publish: this run was not started by asset {came.name}, and the asset has no "
            f"event yet; run {group.dag_id('recommend')} first, or give the params user_output and item_output"
        )
    return dict(events[-1].extra)


def _staged(counts: list[dict[str, Any] | None]) -> list[Staged]:
    """Return the counts of the staged subjects; a skipped task has none."""
    return from_xcom([subject for subject in counts if subject], list[Staged])


def _aws() -> tuple[Any, ScoreKind]:
    """Return an S3 client, and whose scores the AWS connection gives."""
    hook = S3Hook()
    return hook.get_conn(), score_kind(hook.conn_config.get_service_config("personalize").get("endpoint_url"))
