"""Two ways to call the engine, both unmodified: boto3 and the `aws` command line. Each keeps its answers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore import xform_name
from botocore.exceptions import ClientError

from services.engine.protocol import SERVICES, operations, service_model

SERVICE_OF = {name: service for service in SERVICES for name in operations(service)}


@dataclass(frozen=True)
class Answered:
    """One call and its raw answer; `error` is the code of an error answer."""

    operation: str
    status: int
    headers: dict[str, str]
    body: Any
    error: str | None = None


class Refused(Exception):
    """A call was answered with an error."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Boto:
    """Calls through boto3. A call returns the parsed answer; `answered` holds the raw ones."""

    def __init__(self, url: str, answered: list[Answered] | None = None) -> None:
        self.answered = [] if answered is None else answered
        self.clients = {service: boto3.client(service, endpoint_url=url) for service in SERVICES}
        for client in self.clients.values():
            client.meta.events.register("response-received.*", self._remember)

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = getattr(self.clients[SERVICE_OF[operation]], xform_name(operation))(**request)
        except ClientError as error:
            raise Refused(error.response["Error"]["Code"]) from error
        answer.pop("ResponseMetadata")
        return answer

    def _remember(self, response_dict: dict[str, Any], event_name: str, **_: Any) -> None:
        body = json.loads(response_dict["body"] or b"{}")
        operation, headers = event_name.rpartition(".")[2], {**response_dict["headers"]}
        status = response_dict["status_code"]
        error = body.get("__type") if status >= 300 else None
        self.answered.append(Answered(operation, status, headers, body, error))


class CommandLine:
    """Calls through processes of `aws`, with an option for each member, as a person would type it."""

    def __init__(self, url: str, answered: list[Answered] | None = None) -> None:
        self.answered = [] if answered is None else answered
        program = shutil.which("aws", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert program, "awscli is among the project's requirements"
        self._aws, self._url = program, url

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        service = SERVICE_OF[operation]
        command = [
            self._aws, service, xform_name(operation, "-"), "--endpoint-url", self._url, "--output", "json",
            "--no-paginate", *options_of(operation, request),
        ]  # fmt: skip
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120)
        code = ended.stderr.partition("An error occurred (")[2].partition(")")[0] or None
        assert ended.returncode == 0 or code, (command, ended.stderr)
        body = json.loads(ended.stdout or "{}")
        self.answered.append(Answered(operation, 200 if code is None else 400, {}, body, code))
        if code:
            raise Refused(code)
        return dict(body)


def options_of(operation: str, request: dict[str, Any]) -> Iterator[str]:
    """`--name shop --no-perform-hpo --tags '[…]'`."""
    for member, value in request.items():
        option = xform_name(member, "-")
        if isinstance(value, bool):
            yield f"--{option}" if value else f"--no-{option}"
        else:
            yield f"--{option}"
            yield value if isinstance(value, str) else json.dumps(value)


def violations(shape: Any, value: Any, path: str = "") -> Iterator[str]:
    """Yield each violation of the model in an answer: types, nulls, unknown and missing members.

    An operation without output has no shape, and an empty answer.
    """
    if shape is None:
        yield from (f"{path}.{name}: unknown" for name in value)
        return
    kinds = {"structure": dict, "map": dict, "list": list, "string": str, "boolean": bool, "integer": int, "long": int}
    kind = kinds.get(shape.type_name, int | float)  # numbers, and moments, which are numbers of seconds
    if not isinstance(value, kind) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path}: {value!r} is not a {shape.type_name}"
    elif shape.type_name == "structure":
        yield from (f"{path}.{name}: unknown" for name in value.keys() - shape.members.keys())
        yield from (f"{path}.{name}: missing" for name in set(shape.required_members) - value.keys())
        for name in value.keys() & shape.members.keys():
            yield from violations(shape.members[name], value[name], f"{path}.{name}")
    elif shape.type_name == "list":
        for place, element in enumerate(value):
            yield from violations(shape.member, element, f"{path}[{place}]")
    elif shape.type_name == "map":
        for key, element in value.items():
            yield from violations(shape.value, element, f"{path}[{key}]")
    elif shape.type_name == "timestamp" and not 1_000_000_000 < value < 10_000_000_000:
        yield f"{path}: {value!r} is not a time in seconds"


def output_shape(operation: str) -> Any:
    return service_model(SERVICE_OF[operation]).operation_model(operation).output_shape


def modelled_errors(operation: str) -> dict[str, int]:
    """Return the HTTP status by code of the errors that the model gives an operation."""
    shapes = service_model(SERVICE_OF[operation]).operation_model(operation).error_shapes
    return {shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400) for shape in shapes}
