"""Resources as pages show them: names, times and statuses instead of members."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from personalize_kinds.kinds import SOLUTION_VERSION, Kind
from personalize_kinds.statuses import Meaning, meaning
from services.engine.resources import Resource

#: The colour of each meaning of a status; all others are transitions, "busy".
_TONES = {
    Meaning.READY: "good",
    Meaning.FAILED: "bad",
    Meaning.UPDATE_FAILED: "bad",
    Meaning.STOPPED: "idle",
    Meaning.INACTIVE: "idle",
}

FOLDERS = VERSIONS, JOBS, OTHERS = "solution-versions", "jobs", "resources"


@dataclass(frozen=True)
class Entry:
    """A resource on a page: `tone` is good, bad, busy or idle; times are UTC."""

    kind: str
    name: str
    path: str
    status: str
    tone: str
    started: str
    took: str
    note: str | None

    @classmethod
    def of(cls, resource: Resource) -> Entry:
        tone = tone_of(resource.status)
        return cls(
            kind=title_of(resource.kind), name=resource.tail, path=path_of(resource.kind, resource.arn),
            status=resource.status or "STORED", tone=tone, started=moment(resource.body["creationDateTime"]),
            took=_took(resource, tone), note=resource.body.get("failureReason"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a resource; `path` is the page of the resource that it names."""

    name: str
    text: str
    path: str | None = None


def tone_of(status: str | None) -> str:
    """Return the colour of a status; None is the status of a schema."""
    return _TONES.get(meaning(status), "busy") if status else "idle"


def title_of(kind: Kind) -> str:
    """Write a kind as a heading does: `Dataset import job`."""
    return kind.title.capitalize()


def path_of(kind: Kind, arn: str) -> str:
    """Return the path of a resource's page."""
    folder = VERSIONS if kind is SOLUTION_VERSION else JOBS if kind.is_job else OTHERS
    return f"/{folder}/{quote(arn, safe=':/')}"


def moment(seconds: float) -> str:
    """Format a time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """Format a duration in its two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def members(resource: Resource, arns: Mapping[str, str]) -> list[Member]:
    """List the members of a resource in order, nested ones under dotted names; `arns` has the paths of linked pages."""
    return [Member(name, text, arns.get(text)) for name, text in _flat(resource.body, "")]


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for place, inner in enumerate(value, start=1):
            yield from _flat(inner, f"{name}[{place}]")
    elif name.endswith("DateTime") and isinstance(value, int | float):
        yield name, f"{moment(value)} UTC"
    else:
        yield name, str(value)


def _took(resource: Resource, tone: str) -> str:
    started = resource.body["creationDateTime"]
    if tone == "busy":
        return duration(max(time.time() - started, 0))
    return duration(resource.body["lastUpdatedDateTime"] - started) if resource.kind.is_work else ""
