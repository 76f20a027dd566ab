"""What would have to be done so that the service holds what a file says, and what that would cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from aisle.groups.avro import obstacle
from aisle.groups.resource import Key, Live, Resource
from aisle.resources.changes import LOSSES, UPDATES
from personalize_kinds import kinds
from personalize_kinds.statuses import DELETING

Action = Literal["create", "update", "replace", "delete", "wait", "refuse", "foreign", "unchanged"]
#: How a line of the plan begins.
SIGNS: dict[Action, str] = {
    "create": "+",
    "update": "~",
    "replace": "-/+",
    "delete": "-",
    "wait": "…",
    "refuse": "!",
    "foreign": "?",
    "unchanged": "=",
}
AT_REST: tuple[Action, ...] = ("unchanged", "foreign")
#: What can be neither changed nor made anew under its name without losing everything that hangs on it.
_FIXED = {
    kinds.DATASET_GROUP: "a dataset group cannot be changed: give the group another name, and tear the old one down",
    kinds.SCHEMA: "a schema cannot be changed: give it another `schema_name`, or none, and its name carries its hash",
}


@dataclass(frozen=True)
class Difference:
    """One setting whose live value differs from the desired one; None: no value."""

    path: str
    live: Any
    desired: Any

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.live)} → {_shown(self.desired)}"


@dataclass(frozen=True)
class Change:
    """What happens to one resource, and why it cannot be less."""

    action: Action
    desired: Resource | None = None
    live: Live | None = None
    differences: tuple[Difference, ...] = ()
    reason: str = ""

    @property
    def resource(self) -> Resource:
        resource = self.desired or self.live
        assert resource is not None, "a change has a desired or a live resource"
        return resource

    def lines(self) -> Iterator[str]:
        yield f"{SIGNS[self.action]:>3} {self.action:<9} {self.resource.title}"
        yield from (f"        {difference}" for difference in self.differences)
        if self.reason:
            yield f"        {self.reason}"

    def as_dict(self) -> dict[str, Any]:
        return {
            "action": self.action,
            "kind": self.resource.kind.name,
            "name": self.resource.name,
            "arn": self.live.arn if self.live else None,
            "differences": [
                {"path": difference.path, "live": difference.live, "wanted": difference.desired}
                for difference in self.differences
            ],
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Plan:
    """All changes of one group, in the order of creation."""

    group: str
    changes: tuple[Change, ...]

    def of(self, *actions: Action) -> list[Change]:
        return [change for change in self.changes if change.action in actions]

    @property
    def is_settled(self) -> bool:
        """Whether the service holds what the file says."""
        return all(change.action in AT_REST for change in self.changes)

    def lines(self) -> Iterator[str]:
        yield f"dataset group {self.group}"
        yield from (line for change in self.changes if change.action != "unchanged" for line in change.lines())
        counts = Counter(change.action for change in self.changes)
        yield "    " + ", ".join(f"{counts[action]} {action}" for action in SIGNS if counts[action])

    def as_dict(self) -> dict[str, Any]:
        return {"group": self.group, "changes": [change.as_dict() for change in self.changes]}


def plan_group(
    name: str, desired: Sequence[Resource], live: Sequence[Live], recipes: Collection[str] | None = None
) -> Plan:
    """Compare what is wanted of a group with what is there. `recipes` are the ARNs that the service knows."""
    there = {resource.key: resource for resource in live}
    changes = [_compare(resource, desired, there) for resource in desired]
    changes = [_knows_recipe(change, recipes) if recipes else change for change in changes]
    asked_for = {resource.key for resource in desired}
    changes += [_too_much(resource, there) for resource in live if resource.key not in asked_for]
    order = {kind: place for place, kind in enumerate(kinds.IN_ORDER_OF_CREATION)}
    return Plan(name, tuple(sorted(_with_dependents(changes), key=lambda change: order[change.resource.kind])))


def differences(live: Resource, desired: Resource) -> tuple[Difference, ...]:
    """Every place where the two differ. Tags that nobody asked for are not counted."""
    held, asked = _flat(live.settings), _flat(desired.settings)
    paths = [path for path in {**held, **asked} if held.get(path) != asked.get(path)]
    tags = [Difference(f"tags.{tag}", live.tags.get(tag), value) for tag, value in desired.tags.items()]
    return (
        *(Difference(".".join(path), held.get(path), asked.get(path)) for path in paths),
        *(difference for difference in tags if difference.live != difference.desired),
    )


def _compare(desired: Resource, all_desired: Sequence[Resource], there: Mapping[Key, Live]) -> Change:
    live = there.get(desired.key)
    if live is None:
        return _create(desired, there)
    if live.state == "failed":
        return _anew(desired, live, (), f"its creation ended with {live.status}: {live.reason or 'no reason given'}")
    if live.status in DELETING:
        return Change("wait", desired, live, reason="it is being deleted: it can be created when it is gone")
    if live.name != desired.name and not _is_ours(live, there):
        reason = f"the group has {live.title}, which was not made from a file: name that, or delete it first"
        return Change("refuse", desired, live, reason=reason)
    changed = differences(live, desired)
    if not changed:
        return Change("unchanged", desired, live)
    if any(not _can_update(desired, difference) for difference in changed):
        return _anew(desired, live, changed)
    if desired.kind == kinds.DATASET and (why := _schema_obstacle(desired, live, all_desired, there)):
        return _anew(desired, live, changed, why)
    return Change("update", desired, live, changed)


def _create(desired: Resource, there: Mapping[Key, Live]) -> Change:
    if desired.kind == kinds.CAMPAIGN:
        solution = there.get((kinds.SOLUTION.name, desired.settings["solution"]))
        if solution is None or solution.version_arn is None:
            return Change("wait", desired, reason="its solution has no trained version: run `train`, then apply again")
    return Change("create", desired)


def _anew(desired: Resource, live: Live, changed: tuple[Difference, ...], why: str = "") -> Change:
    if refusal := _FIXED.get(desired.kind):
        return Change("refuse", desired, live, changed, f"{why + ': ' if why else ''}{refusal}")
    why = why or "the service has no update for this"
    return Change("replace", desired, live, changed, f"{why}; {LOSSES[desired.kind]}")


def _can_update(desired: Resource, difference: Difference) -> bool:
    path, updates = difference.path, UPDATES.get(desired.kind, ())
    return path.startswith("tags.") or any(path == update or path.startswith(f"{update}.") for update in updates)


def _schema_obstacle(
    desired: Resource, live: Live, all_desired: Sequence[Resource], there: Mapping[Key, Live]
) -> str | None:
    """Why the wanted schema cannot take the present one's place, or none."""
    names = desired.settings["schema"], live.settings["schema"]
    if names[0] == names[1]:
        return None
    proposed = next(resource.settings["schema"] for resource in all_desired if resource.key == ("schema", names[0]))
    return obstacle(desired.name, there["schema", names[1]].settings["schema"], proposed)


def _knows_recipe(change: Change, recipes: Collection[str]) -> Change:
    desired = change.desired
    if desired is None or desired.kind != kinds.SOLUTION or desired.settings["recipeArn"] in recipes:
        return change
    known = ", ".join(sorted(arn.rpartition("/")[2] for arn in recipes))
    reason = f"the service has no recipe {desired.settings['recipeArn']}: it has {known}"
    return replace(change, action="refuse", reason=reason)


def _too_much(live: Live, there: Mapping[Key, Live]) -> Change:
    if _is_ours(live, there):
        reason = "; ".join(filter(None, ("the file does not have it", LOSSES.get(live.kind))))
        return Change("delete", live=live, reason=reason)
    return Change("foreign", live=live, reason="neither in the file nor made from one: left alone")


def _is_ours(live: Live, there: Mapping[Key, Live]) -> bool:
    """Whether it, or the group that it is in, was made from a file."""
    return live.is_managed or any(
        resource.is_managed for resource in there.values() if resource.kind == kinds.DATASET_GROUP
    )


def _with_dependents(changes: Sequence[Change]) -> Iterator[Change]:
    """Campaigns go before the solution that they serve: one that is to stay is made anew, a foreign one forbids it."""
    removed = {change.resource.name for change in changes if _goes(change, kinds.SOLUTION)}
    serving = [
        change
        for change in changes
        if change.live and change.resource.kind == kinds.CAMPAIGN and change.live.settings["solution"] in removed
    ]
    foreign = {
        change.live.settings["solution"]: change.resource
        for change in serving
        if change.action == "foreign" and change.live
    }
    for change in changes:
        if change in serving and change.action in ("unchanged", "update"):
            yield replace(change, action="replace", reason=f"its solution goes; {LOSSES[kinds.CAMPAIGN]}")
        elif _goes(change, kinds.SOLUTION) and change.resource.name in foreign:
            campaign = foreign[change.resource.name]
            yield replace(change, action="refuse", reason=f"{campaign.title}, which is not in the file, serves it")
        else:
            yield change


def _goes(change: Change, kind: kinds.Kind) -> bool:
    return change.resource.kind == kind and change.action in ("replace", "delete")


def _flat(value: Any, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], Any]:
    """The leaves of nested dictionaries, each by its path."""
    if not isinstance(value, dict):
        return {path: value}
    return {place: leaf for key, part in value.items() for place, leaf in _flat(part, (*path, key)).items()}


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
