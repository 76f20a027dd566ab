"""The wire protocols of the three services, from botocore's models of them.

    personalize           AWS JSON 1.1: POST / with X-Amz-Target: AmazonPersonalize.<Operation>
    personalize-runtime   REST JSON: POST /recommendations and others, one path per operation
    personalize-events    REST JSON: POST /events and others

No operation is named here. Limits, patterns and enums come from the models. Clients check only types, required members
and minima: names that are too long and misspelt modes reach the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import botocore.session
import orjson

from services.engine.errors import FrontDoorError, InvalidInput, NotAuthenticated, PersonalizeError, UnknownOperation
from services.engine.shapes import Reader, Writer, reader, writer

CONTROL, RUNTIME, EVENTS = "personalize", "personalize-runtime", "personalize-events"
SERVICES = (CONTROL, RUNTIME, EVENTS)
CONTENT_TYPES = {
    CONTROL: "application/x-amz-json-1.1",
    RUNTIME: "application/json",
    EVENTS: "application/json",
}


@dataclass(frozen=True)
class Operation:
    """One operation: how its request is read and its answer written."""

    name: str
    service: str
    read: Reader
    write: Writer | None
    error_statuses: Mapping[str, int]

    @classmethod
    def of(cls, model: Any) -> Operation:
        """Build an operation from botocore's model of it."""
        statuses = {shape.name: shape.metadata.get("error", {}).get("httpStatusCode", 400)
                    for shape in model.error_shapes}  # fmt: skip
        return cls(
            name=model.name,
            service=model.service_model.service_name,
            read=reader(model.input_shape),
            write=writer(model.output_shape) if model.output_shape else None,
            error_statuses=statuses,
        )

    def parse(self, body: bytes) -> dict[str, Any]:
        """Read the members of a request. Raises InvalidInput for what the model excludes."""
        try:
            request = orjson.loads(body or b"{}")
        except orjson.JSONDecodeError as error:
            raise InvalidInput(f"The body of {self.name} is not JSON ({error}); send a JSON object") from error
        members: dict[str, Any] = self.read(request, "")
        return members

    def success_body(self, answer: Mapping[str, Any]) -> bytes:
        """Write the body of an answer: an empty object for an operation without output."""
        return orjson.dumps(self.write(answer) if self.write else {})

    def error_status(self, error: PersonalizeError) -> int:
        """Return the HTTP status of an error: its own, or the model's, or 400."""
        return error.status if isinstance(error, FrontDoorError) else self.error_statuses.get(error.code, 400)


@cache
def service_model(service: str) -> Any:
    """Load botocore's model of one of the three services."""
    return botocore.session.get_session().get_service_model(service)


@cache
def operations(service: str) -> Mapping[str, Operation]:
    """Return the operations of a service, by name."""
    model = service_model(service)
    return {name: Operation.of(model.operation_model(name)) for name in model.operation_names}


@cache
def paths() -> Mapping[str, Operation]:
    """Return the operations of the runtime and of the events service, by path; all are POST."""
    return {
        service_model(service).operation_model(name).http["requestUri"]: operation
        for service in (RUNTIME, EVENTS)
        for name, operation in operations(service).items()
    }


def control_operation(target: str) -> Operation:
    """Return the control plane's operation that an `X-Amz-Target` header names. Raises UnknownOperation."""
    prefix, _, name = target.rpartition(".")
    operation = operations(CONTROL).get(name)
    if operation is None or prefix != service_model(CONTROL).metadata["targetPrefix"]:
        raise UnknownOperation(
            f"The X-Amz-Target header says '{target[:200]}', which names no operation of the service; "
            "send AmazonPersonalize.<Operation>"
        )
    return operation


def data_operation(path: str) -> Operation:
    """Return the operation of the runtime or the events service that has a path. Raises UnknownOperation."""
    operation = paths().get(path)
    if operation is None:
        raise UnknownOperation(
            f"No operation has the path '{path[:200]}'; there are / and {', '.join(paths())}", status=404
        )
    return operation


def front_door_status(error: FrontDoorError, service: str) -> int:
    """Return the HTTP status of an error outside operations; to unknown callers a JSON 1.1 service answers 400."""
    return 400 if service == CONTROL and isinstance(error, NotAuthenticated) else error.status


def error_body(error: PersonalizeError) -> bytes:
    """Write the body of an error answer."""
    return orjson.dumps({"__type": error.code, "message": str(error)})
