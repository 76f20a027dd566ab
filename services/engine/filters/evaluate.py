"""The evaluation of a filter: which rows its predicates match, given a user, an item and the values of parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from services.engine.data.attributes import SEPARATOR
from services.engine.errors import InvalidInput
from services.engine.filters.expressions import (
    EVENTS,
    Comparison,
    CurrentItem,
    Expression,
    Field,
    Membership,
    Parameter,
    Predicate,
)
from services.engine.filters.index import OPERATORS, Index, Mask
from services.engine.filters.parser import finite

Cells = Mapping[str, str | float]


def no_interactions(_event_type: str) -> Mask:
    """Return the interactions of an unknown user: none."""
    return np.zeros((), np.bool_)


@dataclass(frozen=True)
class Facts:
    """The data that a filter is evaluated with.

    user, item  cells of the current user and item that are not null, by column
    interacted  by event type in lower case, or * for any: the items that the current user has such an event with, or
                the users who have such an event. Shape (n,) over the universe, or ()
    """

    user: Cells = field(default_factory=dict)
    item: Cells = field(default_factory=dict)
    interacted: Callable[[str], Mask] = no_interactions


@dataclass(frozen=True)
class Evaluation:
    """One evaluation of a filter; `given` are the values of parameters, none of them empty."""

    index: Index
    facts: Facts
    given: Mapping[str, tuple[str, ...]]

    def applies(self, expression: Expression) -> bool:
        """Return whether the expression's IF is true; it is false if it lacks the value of a parameter."""
        return all(self._knows(predicate) and self._holds(predicate) for predicate in expression.only_if)

    def matches(self, expression: Expression) -> Mask:
        """Return the rows that meet the condition; predicates that lack the value of a parameter are left out."""
        matches = np.zeros(len(self.index), np.bool_)
        for group in expression.condition:
            masks = [self._mask(predicate) for predicate in group if self._knows(predicate)]
            if masks:
                matches |= np.logical_and.reduce(masks) if len(masks) > 1 else masks[0]
        return matches

    def _knows(self, predicate: Predicate) -> bool:
        return not isinstance(predicate.operand, Parameter) or predicate.operand.name in self.given

    def _mask(self, predicate: Predicate) -> Mask:
        depends_on_columns_only = not isinstance(predicate.operand, Parameter | CurrentItem)
        if depends_on_columns_only and not _is_of_events(predicate):
            return self.index.kept(predicate, lambda: self._compute(predicate))
        return self._compute(predicate)

    def _compute(self, predicate: Predicate) -> Mask:
        if isinstance(predicate, Comparison):
            return self._compare(predicate)
        if _is_of_events(predicate):
            matches = self._interacted(predicate)
        else:
            matches = self.index.column(predicate.subject.column).holding(self._values(predicate))
        return ~matches if predicate.negated else matches

    def _compare(self, predicate: Comparison) -> Mask:
        number = self._number(predicate.operand)
        if number is None:
            return np.zeros(len(self.index), np.bool_)
        return self.index.column(predicate.subject.column).compared(predicate.operator, number)

    def _interacted(self, predicate: Membership) -> Mask:
        matches = np.zeros(len(self.index), np.bool_)
        for event_type in self._values(predicate):
            matches |= self.facts.interacted(event_type.lower())
        return matches

    def _holds(self, predicate: Predicate) -> bool:
        """Return whether a predicate about the current user is true."""
        cell = _cell(self.facts.user, predicate.subject.column)
        if isinstance(predicate, Membership):
            return _among(cell, self._values(predicate)) != predicate.negated
        number = self._number(predicate.operand)
        return isinstance(cell, int | float) and bool(OPERATORS[predicate.operator](cell, number))

    def _values(self, predicate: Membership) -> Iterable[str]:
        values = predicate.values
        if isinstance(values, Parameter):
            return self.given[values.name]
        if isinstance(values, CurrentItem):
            cell = _cell(self.facts.item, values.column)
            return () if cell is None else str(cell).split(SEPARATOR)
        return values

    def _number(self, operand: float | Parameter | CurrentItem) -> float | None:
        if isinstance(operand, Parameter):
            return _only_number(operand, self.given[operand.name])
        if isinstance(operand, CurrentItem):
            cell = _cell(self.facts.item, operand.column)
            return None if isinstance(cell, str) else cell
        return operand


def _is_of_events(predicate: Predicate) -> bool:
    return isinstance(predicate.subject, Field) and predicate.subject.dataset in EVENTS


def _cell(cells: Cells, column: str) -> str | float | None:
    if column in cells:
        return cells[column]
    return next((cell for name, cell in cells.items() if name.upper() == column), None)


def _among(cell: str | float | None, values: Iterable[str]) -> bool:
    if cell is None:
        return False
    if isinstance(cell, str):
        return not set(cell.split(SEPARATOR)).isdisjoint(values)
    return any(finite(value) == cell for value in values)


def _only_number(parameter: Parameter, values: tuple[str, ...]) -> float:
    if len(values) != 1:
        raise InvalidInput(f"The filter compares {parameter} with a number and got {len(values)} values; pass one")
    return finite(values[0])
