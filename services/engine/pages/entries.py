"""Resources in the words of a page: names, times and states instead of members."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from personalize_kinds.kinds import SOLUTION_VERSION, Kind
from personalize_kinds.statuses import Meaning, meaning
from services.engine.resources import Resource

#: How a page colours what a status means; every other meaning is on its way to one of these.
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
    """One resource: `tone` is good, bad, busy or idle; times are UTC."""

    kind: str
    name: str
    path: str
    status: str
    tone: str
    begun: str
    took: str
    note: str | None

    @classmethod
    def of(cls, resource: Resource) -> Entry:
        tone = tone_of(resource.status)
        return cls(
            kind=title_of(resource.kind), name=resource.tail, path=path_of(resource.kind, resource.arn),
            status=resource.status or "STORED", tone=tone, begun=moment(resource.body["creationDateTime"]),
            took=_took(resource, tone), note=resource.body.get("failureReason"),
        )  # fmt: skip


class Member(NamedTuple):
    """One member of a resource; `path` leads to the page of the resource that it names."""

    name: str
    text: str
    path: str | None = None


def tone_of(status: str | None) -> str:
    """How a status is coloured; a schema has none."""
    return _TONES.get(meaning(status), "busy") if status else "idle"


def title_of(kind: Kind) -> str:
    """Write a kind as a heading does: `Dataset import job`."""
    return kind.title.capitalize()


def path_of(kind: Kind, arn: str) -> str:
    """Where the page of a resource is."""
    folder = VERSIONS if kind is SOLUTION_VERSION else JOBS if kind.is_job else OTHERS
    return f"/{folder}/{quote(arn, safe=':/')}"


def moment(seconds: float) -> str:
    """A time as people write it, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")


def duration(seconds: float) -> str:
    """A length of time in its two largest units."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def members(resource: Resource, arns: Mapping[str, str]) -> list[Member]:
    """The members of a resource in order, nested ones under dotted names; `arns` are the paths of what has a page."""
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
    begun = resource.body["creationDateTime"]
    if tone == "busy":
        return duration(max(time.time() - begun, 0))
    return duration(resource.body["lastUpdatedDateTime"] - begun) if resource.kind.is_work else ""
