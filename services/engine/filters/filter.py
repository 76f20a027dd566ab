"""A filter: an expression that was read and checked, and what it lets through.

    kept = everything, or what any INCLUDE finds  −  what any EXCLUDE finds

An expression whose IF does not hold does not take part.
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
from services.engine.filters.evaluate import Facts, Use
from services.engine.filters.expressions import EVENTS, EXCLUDE, INCLUDE, CurrentItem, Expression, Field, Parameter
from services.engine.filters.index import Index, Mask
from services.engine.filters.parser import parse_expression
from services.engine.filters.values import parse_values

NOTHING_KNOWN = Facts()


@dataclass(frozen=True)
class Filter:
    """A filter expression. Use one object many times: what depends on the data alone is remembered beside the data."""

    expressions: tuple[Expression, ...]

    @property
    def target(self) -> str:
        """What is filtered: ITEM, USER or ACTION."""
        return self.expressions[0].target

    @cached_property
    def parameters(self) -> frozenset[str]:
        """Names of the values that are given at the time of use."""
        return _parameters(self.expressions)

    @cached_property
    def distinct_fields(self) -> frozenset[Field]:
        """The columns looked at, as quotas count them."""
        return distinct_fields(self.expressions)

    @cached_property
    def uses_events(self) -> bool:
        return any(field.dataset in EVENTS for field in self.distinct_fields)

    @cached_property
    def uses_current_item(self) -> bool:
        operands = [one.operand for expression in self.expressions for one in expression.predicates]
        return any(isinstance(operand, CurrentItem) for operand in operands)

    def check(self, schemas: Schemas) -> None:
        """Hold the filter to the schemas of a dataset group, by type such as ITEMS. Raises InvalidInput."""
        with _creating():
            check_schemas(self.expressions, schemas)

    def allowed(
        self, universe: Attributes, facts: Facts = NOTHING_KNOWN, values: Mapping[str, str] | None = None
    ) -> Mask:
        """Which rows of `universe` the filter lets through; shape (n,), a fresh array.

        values  `filterValues` of a request. Raises InvalidInput if one that an INCLUDE needs is missing or unreadable;
                a predicate of an EXCLUDE whose value is missing is left out.
        """
        given = self._given(values or {})
        use = Use(Index.of(universe), facts, given)
        taking_part = [expression for expression in self.expressions if use.applies(expression)]
        included = [use.found(expression) for expression in taking_part if expression.action == INCLUDE]
        kept = np.full(len(universe.ids), not included, np.bool_)
        for mask in included:
            kept |= mask
        for expression in taking_part:
            if expression.action == EXCLUDE:
                kept &= ~use.found(expression)
        return kept

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
    """The filter that `text` says. Raises InvalidInput that names the place of what is wrong.

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
    """Errors in the words of CreateFilter."""
    try:
        yield
    except InvalidInput as error:
        raise InvalidInput(f"Could not create filter. {error}") from error


def _parameters(expressions: Iterable[Expression]) -> frozenset[str]:
    operands = [predicate.operand for expression in expressions for predicate in expression.predicates]
    return frozenset(operand.name for operand in operands if isinstance(operand, Parameter))
