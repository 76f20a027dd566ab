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
    """One place where what is there is not what is wanted; None: nothing there."""

    path: str
    live: Any
    wanted: Any

    def __str__(self) -> str:
        return f"{self.path}: {_shown(self.live)} → {_shown(self.wanted)}"


@dataclass(frozen=True)
class Change:
    """What happens to one resource, and why it cannot be less."""

    action: Action
    wanted: Resource | None = None
    live: Live | None = None
    differences: tuple[Difference, ...] = ()
    reason: str = ""

    @property
    def resource(self) -> Resource:
        found = self.wanted or self.live
        assert found is not None, "a change is of something"
        return found

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
            "differences": [vars(difference) for difference in self.differences],
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
    name: str, wanted: Sequence[Resource], live: Sequence[Live], recipes: Collection[str] | None = None
) -> Plan:
    """Compare what is wanted of a group with what is there. `recipes` are the ARNs that the service knows."""
    there = {one.key: one for one in live}
    changes = [_compare(one, wanted, there) for one in wanted]
    changes = [_knows_recipe(change, recipes) if recipes else change for change in changes]
    asked_for = {one.key for one in wanted}
    changes += [_too_much(one, there) for one in live if one.key not in asked_for]
    order = {kind: place for place, kind in enumerate(kinds.IN_ORDER_OF_CREATION)}
    return Plan(name, tuple(sorted(_with_dependents(changes), key=lambda change: order[change.resource.kind])))


def differences(live: Resource, wanted: Resource) -> tuple[Difference, ...]:
    """Every place where the two differ. Tags that nobody asked for are not counted."""
    held, asked = _flat(live.settings), _flat(wanted.settings)
    paths = [path for path in {**held, **asked} if held.get(path) != asked.get(path)]
    tags = [Difference(f"tags.{tag}", live.tags.get(tag), value) for tag, value in wanted.tags.items()]
    return (
        *(Difference(".".join(path), held.get(path), asked.get(path)) for path in paths),
        *(difference for difference in tags if difference.live != difference.wanted),
    )


def _compare(wanted: Resource, all_wanted: Sequence[Resource], there: Mapping[Key, Live]) -> Change:
    live = there.get(wanted.key)
    if live is None:
        return _create(wanted, there)
    if live.state == "failed":
        return _anew(wanted, live, (), f"its creation ended with {live.status}: {live.reason or 'no reason given'}")
    if live.status in DELETING:
        return Change("wait", wanted, live, reason="it is being deleted: it can be created when it is gone")
    if live.name != wanted.name and not _is_ours(live, there):
        reason = f"the group has {live.title}, which was not made from a file: name that, or delete it first"
        return Change("refuse", wanted, live, reason=reason)
    found = differences(live, wanted)
    if not found:
        return Change("unchanged", wanted, live)
    if any(not _can_update(wanted, difference) for difference in found):
        return _anew(wanted, live, found)
    if wanted.kind == kinds.DATASET and (why := _schema_obstacle(wanted, live, all_wanted, there)):
        return _anew(wanted, live, found, why)
    return Change("update", wanted, live, found)


def _create(wanted: Resource, there: Mapping[Key, Live]) -> Change:
    if wanted.kind == kinds.CAMPAIGN:
        solution = there.get((kinds.SOLUTION.name, wanted.settings["solution"]))
        if solution is None or solution.version_arn is None:
            return Change("wait", wanted, reason="its solution has no trained version: run `train`, then apply again")
    return Change("create", wanted)


def _anew(wanted: Resource, live: Live, found: tuple[Difference, ...], why: str = "") -> Change:
    if refusal := _FIXED.get(wanted.kind):
        return Change("refuse", wanted, live, found, f"{why + ': ' if why else ''}{refusal}")
    why = why or "the service has no update for this"
    return Change("replace", wanted, live, found, f"{why}; {LOSSES[wanted.kind]}")


def _can_update(wanted: Resource, difference: Difference) -> bool:
    path, updates = difference.path, UPDATES.get(wanted.kind, ())
    return path.startswith("tags.") or any(path == update or path.startswith(f"{update}.") for update in updates)


def _schema_obstacle(
    wanted: Resource, live: Live, all_wanted: Sequence[Resource], there: Mapping[Key, Live]
) -> str | None:
    """Why the wanted schema cannot take the present one's place, or none."""
    names = wanted.settings["schema"], live.settings["schema"]
    if names[0] == names[1]:
        return None
    proposed = next(one.settings["schema"] for one in all_wanted if one.key == ("schema", names[0]))
    return obstacle(wanted.name, there["schema", names[1]].settings["schema"], proposed)


def _knows_recipe(change: Change, recipes: Collection[str]) -> Change:
    wanted = change.wanted
    if wanted is None or wanted.kind != kinds.SOLUTION or wanted.settings["recipeArn"] in recipes:
        return change
    known = ", ".join(sorted(arn.rpartition("/")[2] for arn in recipes))
    reason = f"the service has no recipe {wanted.settings['recipeArn']}: it has {known}"
    return replace(change, action="refuse", reason=reason)


def _too_much(live: Live, there: Mapping[Key, Live]) -> Change:
    if _is_ours(live, there):
        reason = "; ".join(filter(None, ("the file does not have it", LOSSES.get(live.kind))))
        return Change("delete", live=live, reason=reason)
    return Change("foreign", live=live, reason="neither in the file nor made from one: left alone")


def _is_ours(live: Live, there: Mapping[Key, Live]) -> bool:
    """Whether it, or the group that it is in, was made from a file."""
    return live.is_managed or any(one.is_managed for one in there.values() if one.kind == kinds.DATASET_GROUP)


def _with_dependents(changes: Sequence[Change]) -> Iterator[Change]:
    """Campaigns go before the solution that they serve: one that is to stay is made anew, a foreign one forbids it."""
    doomed = {change.resource.name for change in changes if _goes(change, kinds.SOLUTION)}
    serving = [
        change
        for change in changes
        if change.live and change.resource.kind == kinds.CAMPAIGN and change.live.settings["solution"] in doomed
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
    return {place: leaf for key, one in value.items() for place, leaf in _flat(one, (*path, key)).items()}


def _shown(value: Any) -> str:
    text = "nothing" if value is None else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}…"
