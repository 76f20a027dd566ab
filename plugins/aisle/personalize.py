"""What Personalize, or the engine in its place, holds of a group: its ARN and its imports.

And what it is asked: which solution answers about users, and which about items.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from aisle.aws.hooks.personalize import (
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    PersonalizeHook,
)
from aisle.contracts.personalize import Dataset
from aisle.dataset_groups import DatasetGroup
from aisle.errors import FinalError

Kind = Literal["users", "items"]

#: Recipes whose batch answers are published, by what they are asked about.
_ANSWERING: dict[Kind, tuple[str, ...]] = {
    "users": ("aws-user-personalization", "aws-user-personalization-v2"),
    "items": ("aws-sims", "aws-similar-items"),
}


class Question(NamedTuple):
    """One thing that batch inference is asked: for whom, and which solution (its key in the file) answers."""

    kind: Kind  # names the input query, the S3 prefixes and the job
    solution: str


def questions_of(group: DatasetGroup) -> list[Question]:
    """What a group is asked: about users, about items, or both. The first solution with a recipe for it answers."""
    found = []
    for kind, recipes in _ANSWERING.items():
        able = (key for key, solution in group.described.solutions.items() if solution.recipe in recipes)
        if (first := next(able, None)) is not None:
            found.append(Question(kind, first))
    return found


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
