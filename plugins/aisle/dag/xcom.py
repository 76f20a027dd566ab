"""XCom: how values pass from task to task, as plain JSON that operators can index and the Airflow UI shows.

A task returns `to_xcom(value)`; a task that receives it begins with `from_xcom(value, Type)`, which checks it. Members
that the type does not know are left out, and those with a default may be missing: a run that began before an upgrade
goes on after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from aisle.errors import FinalError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")


def to_xcom(value: DataclassInstance | msgspec.Struct) -> dict[str, Any]:
    """Return a value object as the members of a JSON object; moments are text in ISO 8601."""
    return dict(msgspec.to_builtins(value))


def from_xcom(value: Any, kind: type[T]) -> T:
    """Return the value object that an earlier task returned. Raises FinalError if it is not of this kind."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        name = getattr(kind, "__name__", str(kind))
        raise FinalError(
            f"Reading the result of an earlier task as {name}: {error}. Clear that task too, so that it returns its "
            "result again."
        ) from error
