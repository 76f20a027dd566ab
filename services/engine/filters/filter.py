"""A filter: a parsed and checked expression, and the rows that it allows.

    allowed = all rows, or those that any INCLUDE matches  −  those that any EXCLUDE matches

An expression whose IF is false does not take part.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from personalize_kinds.limits import MAX_FILTER_LENGTH
from services.engine.data.attributes import Attributes
from services.engine.errors import InvalidInput
from services.engine.filters.check import Schemas, check_language, check_schemas, distinct_fields
from services.engine.filters.evaluate import Evaluation, Facts
from services.engine.filters.expressions import EVENTS, EXCLUDE, INCLUDE, CurrentItem, Expression, Field, Parameter
from services.engine.filters.index import Index, Mask
from services.engine.filters.parser import parse_expression
from services.engine.filters.values import parse_values

NO_FACTS = Facts()


@dataclass(frozen=True)
class Filter:
    """A filter expression. Reuse the object: masks that depend only on the data are cached with the data."""

    expressions: tuple[Expression, ...]

    @property
    def target(self) -> str:
        """The kind of thing that is filtered: ITEM, USER or ACTION."""
        return self.expressions[0].target

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the values that a request passes."""
        return _parameters(self.expressions)

    @cached_property
    def distinct_fields(self) -> frozenset[Field]:
        """The columns used, as quotas count them."""
        return distinct_fields(self.expressions)

    @cached_property
    def uses_events(self) -> bool:
        return any(field.dataset in EVENTS for field in self.distinct_fields)

    @cached_property
    def uses_current_item(self) -> bool:
        operands = [predicate.operand for expression in self.expressions for predicate in expression.predicates]
        return any(isinstance(operand, CurrentItem) for operand in operands)

    def check(self, schemas: Schemas) -> None:
        """Check the filter against the schemas of a dataset group, by type such as ITEMS. Raises InvalidInput."""
        with _creating():
            check_schemas(self.expressions, schemas)

    def allowed(self, universe: Attributes, facts: Facts = NO_FACTS, values: Mapping[str, str] | None = None) -> Mask:
        """Return which rows of `universe` the filter allows; shape (n,), a new array.

        values  `filterValues` of a request. Raises InvalidInput if one that an INCLUDE needs is missing or unreadable;
                a predicate of an EXCLUDE whose value is missing is left out.
        """
        given = self._given(values or {})
        evaluation = Evaluation(Index.of(universe), facts, given)
        applicable = [expression for expression in self.expressions if evaluation.applies(expression)]
        included = [evaluation.matches(expression) for expression in applicable if expression.action == INCLUDE]
        allowed = np.full(len(universe.ids), not included, np.bool_)
        for mask in included:
            allowed |= mask
        for expression in applicable:
            if expression.action == EXCLUDE:
                allowed &= ~evaluation.matches(expression)
        return allowed

    def _given(self, values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        parsed = {name: parse_values(text) for name, text in values.items() if name in self.parameters}
        given = {name: listed for name, listed in parsed.items() if listed}
        missing = self._needed - given.keys()
        if missing:
            names = ", ".join(f"${name}" for name in sorted(missing))
            raise InvalidInput(f"The filter needs a value for {names}; pass it in filterValues")
        return given

    @cached_property
    def _needed(self) -> frozenset[str]:
        return _parameters(expression for expression in self.expressions if expression.action == INCLUDE)


def parse(text: str) -> Filter:
    """Parse a filter. Raises InvalidInput with the place of the fault.

    Source: Personalize developer guide, "Filter expression elements".
    """
    with _creating():
        if len(text) > MAX_FILTER_LENGTH:
            raise InvalidInput(f"The expression has {len(text)} characters; write at most {MAX_FILTER_LENGTH}")
        expressions = parse_expression(text, "filter")
        check_language(expressions)
        return Filter(expressions)


@contextmanager
def _creating() -> Iterator[None]:
    """Word errors as CreateFilter does."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"Could not create filter. {error}") from error


def _parameters(expressions: Iterable[Expression]) -> frozenset[str]:
    operands = [predicate.operand for expression in expressions for predicate in expression.predicates]
    return frozenset(operand.name for operand in operands if isinstance(operand, Parameter))
