"""Steps in a life in which tests may change things."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from tests.conformance.conftest import Lived
from tests.conformance.life import RECIPE, ROLE, Life


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("__type", "")


def bodies(lived: Lived, operation: str) -> list[dict[str, Any]]:
    return [answer.body for answer in lived.answered_to_boto if (answer.operation, answer.error) == (operation, None)]


def refuses(life: Life, operation: str, code: str = "InvalidInputException", **request: Any) -> None:
    life.refused(code, operation, **request)


def exported(life: Life, dataset: str, name: str) -> list[dict[str, str]]:
    """Return all rows of a dataset, imported and put, as an export job writes them."""
    life.create(
        "DatasetExportJob", name, jobName=f"{life.name}-{name}", datasetArn=life.arns[dataset], roleArn=ROLE,
        ingestionMode="ALL", jobOutput=life.folder(name),
    )  # fmt: skip
    life.settled("DatasetExportJob", name)
    return [row for text in life.objects(f"{name}/").values() for row in csv.DictReader(io.StringIO(text))]


def imported(life: Life, dataset: str, name: str, content: str, **options: Any) -> dict[str, Any]:
    life.create(
        "DatasetImportJob", name, jobName=f"{life.name}-{name}", datasetArn=life.arns[dataset], roleArn=ROLE,
        dataSource={"dataLocation": life.upload(f"{name}.csv", content)}, **options,
    )  # fmt: skip
    return life.ended("DatasetImportJob", name)


def trained(life: Life, name: str, recipe: str, **options: Any) -> dict[str, Any]:
    life.create(
        "Solution", name, name=f"{life.name}-{name}", datasetGroupArn=life.arns["group"],
        recipeArn=RECIPE.format(recipe), performAutoTraining=False, **options,
    )  # fmt: skip
    life.settled("Solution", name)
    life.create("SolutionVersion", f"{name}-version", solutionArn=life.arns[name])
    return life.ended("SolutionVersion", f"{name}-version")
