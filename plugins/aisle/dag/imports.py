"""What Personalize, or the engine in its place, holds of a group: its ARN and its imports."""

from __future__ import annotations

from airflow_personalize.hooks.personalize import PersonalizeHook
from aisle.contracts.personalize import Dataset
from aisle.errors import FinalError
from aisle.groups.dataset_group import DatasetGroup
from personalize_kinds.kinds import DATASET, DATASET_GROUP, DATASET_IMPORT_JOB


def dataset_group_arn(hook: PersonalizeHook, group: DatasetGroup) -> str:
    """ARN of a group. Raises FinalError if nothing was ever exported for it."""
    arn = hook.find(DATASET_GROUP, group.name)
    if arn is None:
        raise FinalError(
            f"Looking for dataset group {group.name}: the service has none of this name. "
            f"Run `{group.dag_id('export')}` first."
        )
    return arn


def newest_imports(hook: PersonalizeHook, group: DatasetGroup) -> list[str]:
    """ARNs of the newest finished import of each dataset: the data that training learns from.

    Raises FinalError if a dataset was never imported.
    """
    group_arn = dataset_group_arn(hook, group)
    return [_newest_import(hook, group, group_arn, dataset) for dataset in group.datasets]


def _newest_import(hook: PersonalizeHook, group: DatasetGroup, group_arn: str, dataset: Dataset) -> str:
    dataset_arn = hook.find(DATASET, dataset.type.upper(), datasetGroupArn=group_arn)
    job_arn = hook.newest_active(DATASET_IMPORT_JOB, datasetArn=dataset_arn) if dataset_arn else None
    if job_arn is None:
        raise FinalError(
            f"Looking for the data of {group_arn}: no import of {dataset.name} has ended well. "
            f"Run `{group.dag_id('export')}` first."
        )
    return job_arn
