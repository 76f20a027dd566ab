"""What Personalize, or the engine in its place, holds of this line: its dataset group, its imports, its models."""

from __future__ import annotations

from aisle.aws.hooks.personalize import (
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
    PersonalizeHook,
)
from aisle.contracts.personalize import DATASETS, Dataset, Solution
from aisle.errors import FinalError
from aisle.settings import get_settings


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


def newest_version(hook: PersonalizeHook, group_arn: str, solution: Solution) -> str:
    """ARN of the newest trained version of a solution. Raises FinalError if there is none."""
    name = resource_name(solution.name)
    solution_arn = hook.find(SOLUTION, name, datasetGroupArn=group_arn)
    version_arn = hook.newest_active(SOLUTION_VERSION, solutionArn=solution_arn) if solution_arn else None
    if version_arn is None:
        raise FinalError(f"Looking for a model of {name}: no version of it is ACTIVE. Run `train` first.")
    return version_arn
