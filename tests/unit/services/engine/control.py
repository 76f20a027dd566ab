"""The control plane without HTTP: an engine in this process, called with JSON as it travels."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aisle.contracts.personalize import INTERACTIONS, ITEMS, USERS
from services.engine.data.datasets import Datasets
from services.engine.errors import PersonalizeError
from services.engine.files import DataFolder
from services.engine.lifecycle import Job, Lifecycle
from services.engine.operations.base import NO_ADJUSTABLE_QUOTAS, Call
from services.engine.protocol import control_operation
from services.engine.provider import Provider
from services.engine.quotas import Quotas
from services.engine.store import Store
from tests.waiting import wait_for

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
RECIPE = "arn:aws:personalize:::recipe/{}"
OUTPUT = {"s3DataDestination": {"path": "s3://nowhere/out/"}}


class Refused(Exception):
    """An error answer: `code` and what it says."""

    def __init__(self, error: PersonalizeError) -> None:
        super().__init__(str(error))
        self.code = error.code.removesuffix("Exception")


class Control:
    """Calls the operations of an engine whose jobs take no time and do nothing, and waits for what they begin.

    `jobs` may be given work, by noun. `pace` is the seconds of each intermediate status from then on.
    """

    def __init__(self, data_dir: Path, quotas: Quotas = NO_ADJUSTABLE_QUOTAS) -> None:
        self.files = DataFolder(data_dir)
        self.store = Store(self.files.database)
        self.jobs: dict[str, Job] = {}
        self.provider = Provider(self.store, self._lifecycle(0), Datasets(self.store, self.files), quotas)

    def pace(self, step_seconds: float) -> None:
        self.provider.lifecycle = self._lifecycle(step_seconds)

    def restart(self) -> None:
        """Restart as after a kill: nothing under way continues by itself, and a new life cycle resumes it."""
        self.provider.lifecycle.close()
        self.pace(0)
        self.provider.lifecycle.resume()

    def _lifecycle(self, step_seconds: float) -> Lifecycle:
        return Lifecycle(self.store, self.files, self.jobs, step_seconds)

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        """`control.CreateSchema(name=…)`: the answer as it travels, or Refused."""
        return lambda **request: self.call(operation, **request)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        model = control_operation(f"AmazonPersonalize.{operation}")
        try:
            call = Call(model.parse(json.dumps(request).encode()), REGION)
            answer = model.success_body(self.provider.answer(model, call))
        except PersonalizeError as error:
            raise Refused(error) from error
        body: dict[str, Any] = json.loads(answer)
        return body

    def described(self, noun: str, arn: str) -> dict[str, Any]:
        member = noun[0].lower() + noun[1:]
        (resource,) = self.call(f"Describe{noun}", **{f"{member}Arn": arn}).values()
        return dict(resource)

    def settled(self, noun: str, arn: str, update: bool = False) -> dict[str, Any]:
        """The resource when it, or its latest update, has ended."""

        def ended() -> dict[str, Any] | None:
            resource = self.described(noun, arn)
            status = resource[f"latest{noun}Update"]["status"] if update else resource["status"]
            return None if status.endswith(("PENDING", "IN_PROGRESS", "STOPPING")) else resource

        return wait_for(ended, f"an end of {arn}", interval=0.005)

    def gone(self, noun: str, arn: str) -> bool:
        """Wait for the end of a deletion; return whether the resource is then unknown."""

        def refusal() -> Refused | None:
            try:
                self.described(noun, arn)
            except Refused as refused:
                return refused
            return None

        return wait_for(refusal, f"the end of {arn}", interval=0.005).code == "ResourceNotFound"

    def created(self, noun: str, **request: Any) -> str:
        """The ARN of a resource that is ready."""
        arn: str = self.call(f"Create{noun}", **request)[f"{noun[0].lower()}{noun[1:]}Arn"]
        self.settled(noun, arn)
        return arn

    def group(self, name: str = "shop", *contracts: Any, **options: Any) -> str:
        """A dataset group with datasets; by default of interactions, items and users."""
        group = self.created("DatasetGroup", name=name, **options)
        for contract in contracts or (INTERACTIONS, ITEMS, USERS):
            self.dataset(group, contract.type, contract.avro_schema)
        return group

    def dataset(self, group: str, dataset_type: str, schema: str) -> str:
        name = f"{group.rpartition('/')[2]}-{dataset_type}"
        arn = self.CreateSchema(name=name, schema=schema)["schemaArn"]
        return self.created("Dataset", name=name, schemaArn=arn, datasetGroupArn=group, datasetType=dataset_type)

    def solution(self, group: str, name: str = "popular", recipe: str = "aws-popularity-count", **options: Any) -> str:
        return self.created("Solution", name=name, datasetGroupArn=group, recipeArn=RECIPE.format(recipe), **options)

    def version(self, solution: str, name: str) -> str:
        return self.created("SolutionVersion", solutionArn=solution, name=name)


def refused(code: str, call: Callable[..., Any], match: str | None = None, **request: Any) -> None:
    """Check that a call is answered with this error."""
    with pytest.raises(Refused, match=match) as raised:
        call(**request)
    assert raised.value.code == code, raised.value


def schema_with(contract: Any, *fields: dict[str, Any], without: str = "") -> str:
    """The Avro schema of a dataset with more fields, or without one of its own."""
    schema = json.loads(contract.avro_schema)
    schema["fields"] = [field for field in schema["fields"] if field["name"] != without] + [*fields]
    return json.dumps(schema)
