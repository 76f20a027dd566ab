"""One resource, wanted or there: both are written in the same words, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from personalize_kinds.kinds import Kind
from personalize_kinds.statuses import Readiness

#: Tag of what was created from a file; nothing without it is ever pruned.
MANAGED = "aisle:managed"

Settings = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Resource:
    """A resource. Others are named in its settings by their names, never by ARNs.

    `name` is the name in the service, of a dataset its type in capitals; `label` is what a dataset is called there.
    """

    kind: Kind
    name: str
    settings: Settings
    tags: dict[str, str] = field(default_factory=dict)
    label: str = ""

    @property
    def key(self) -> Key:
        """What tells it apart within its group."""
        return self.kind.name, "" if self.kind.is_single else self.name

    @property
    def title(self) -> str:
        return f"{self.kind.title} {self.name}"


@dataclass(frozen=True)
class Live(Resource):
    """A resource that is there."""

    arn: str = ""
    state: Readiness = "ready"
    status: str = ""
    reason: str = ""
    #: Of a solution the newest version that can answer, of a campaign the one that it serves.
    version_arn: str | None = None

    @property
    def is_managed(self) -> bool:
        return MANAGED in self.tags


def tidy(value: Any) -> Any:
    """The value without what says nothing: None, False and empty collections, at every depth."""
    if isinstance(value, list):
        return [tidy(part) for part in value]
    if not isinstance(value, dict):
        return value
    tidied = {key: tidy(part) for key, part in value.items()}
    return {
        key: part for key, part in tidied.items() if part is not None and part is not False and part not in ({}, [])
    }
