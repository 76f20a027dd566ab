"""What Personalize, or the engine in its place, holds of this line: its dataset group and its imports.

And what it is asked: which solution answers about users, and which about items.
"""

from __future__ import annotations

from typing import NamedTuple

from aisle.aws.hooks.personalize import (
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    PersonalizeHook,
)
from aisle.contracts.personalize import DATASETS, SIMILAR_ITEMS, USER_PERSONALIZATION, Dataset, Solution
from aisle.errors import FinalError
from aisle.settings import get_settings


class Question(NamedTuple):
    """One thing that batch inference is asked: for whom, and which model answers."""

    kind: str  # names the input query, the S3 prefixes and the job
    solution: Solution


USERS = Question("users", USER_PERSONALIZATION)
ITEMS = Question("items", SIMILAR_ITEMS)
QUESTIONS = (USERS, ITEMS)


def enabled_datasets() -> list[Dataset]:
    """The datasets that the settings ask for; interactions always."""
    settings = get_settings().personalize
    wanted = {"interactions": True, "items": settings.with_items, "users": settings.with_users}
    return [dataset for dataset in DATASETS if wanted[dataset.name]]


def resource_name(*parts: str) -> str:
    """A name in the service: all names of the line begin with its dataset group's."""
    return "-".join((get_settings().personalize.dataset_group, *parts))


def dataset_group_arn(hook: PersonalizeHook) -> str:
    """ARN of the line's dataset group. Raises FinalError if nothing was ever exported."""
    name = get_settings().personalize.dataset_group
    arn = hook.find(DATASET_GROUP, name)
    if arn is None:
        raise FinalError(f"Looking for dataset group {name}: the service has none of this name. Run `export` first.")
    return arn


def newest_imports(hook: PersonalizeHook, group_arn: str) -> list[str]:
    """ARNs of the newest finished import of each dataset: the data that training learns from.

    Raises FinalError if a dataset was never imported.
    """
    return [_newest_import(hook, group_arn, dataset) for dataset in enabled_datasets()]


def _newest_import(hook: PersonalizeHook, group_arn: str, dataset: Dataset) -> str:
    dataset_arn = hook.find(DATASET, dataset.type.upper(), datasetGroupArn=group_arn)
    job_arn = hook.newest_active(DATASET_IMPORT_JOB, datasetArn=dataset_arn) if dataset_arn else None
    if job_arn is None:
        raise FinalError(
            f"Looking for the data of {group_arn}: no import of {dataset.name} has ended well. Run `export` first."
        )
    return job_arn
