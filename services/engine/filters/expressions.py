"""The parsed form of a filter: expressions of predicates on the columns of datasets.

Names of datasets and columns are in capitals, because the language ignores their case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

INCLUDE, EXCLUDE = "INCLUDE", "EXCLUDE"
INTERACTIONS, ITEMS, USERS = "INTERACTIONS", "ITEMS", "USERS"
ACTIONS, ACTION_INTERACTIONS = "ACTIONS", "ACTION_INTERACTIONS"
EVENTS = (INTERACTIONS, ACTION_INTERACTIONS)

#: The event type that means every type.
ANY_TYPE = "*"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a dataset."""

    dataset: str
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}.{self.column}"


@dataclass(frozen=True, slots=True)
class CurrentUser:
    """A column of the user of the request."""

    column: str

    @property
    def field(self) -> Field:
        return Field(USERS, self.column)

    def __str__(self) -> str:
        return f"CurrentUser.{self.column}"


@dataclass(frozen=True, slots=True)
class CurrentItem:
    """A column of the item of the request."""

    column: str

    @property
    def field(self) -> Field:
        return Field(ITEMS, self.column)

    def __str__(self) -> str:
        return f"CurrentItem.{self.column}"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A value that a request passes."""

    name: str

    def __str__(self) -> str:
        return f"${self.name}"


@dataclass(frozen=True)
class Membership:
    """`subject [NOT] IN (values)`. Values are texts; numbers are kept as written."""

    subject: Field | CurrentUser
    values: tuple[str, ...] | Parameter | CurrentItem
    negated: bool = False

    @property
    def operand(self) -> object:
        return self.values


@dataclass(frozen=True)
class Comparison:
    """`subject operator operand`, of numbers."""

    subject: Field | CurrentUser
    operator: str
    operand: float | Parameter | CurrentItem


Predicate = Membership | Comparison


@dataclass(frozen=True)
class Expression:
    """`action target WHERE condition IF only_if`; a condition is true if all predicates of any of its groups are."""

    action: str
    target: str
    condition: tuple[tuple[Predicate, ...], ...]
    only_if: tuple[Predicate, ...] = ()

    @property
    def predicates(self) -> Iterator[Predicate]:
        """All predicates; those about the current user come last."""
        for group in self.condition:
            yield from group
        yield from self.only_if


def fields_of(predicate: Predicate) -> Iterator[Field]:
    """Yield the columns that a predicate uses."""
    for side in (predicate.subject, predicate.operand):
        if isinstance(side, Field):
            yield side
        elif isinstance(side, CurrentUser | CurrentItem):
            yield side.field
