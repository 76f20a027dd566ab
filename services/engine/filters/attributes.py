"""The attribute expressions of batch segment jobs: `ITEMS.GENRE = "noir" AND ITEMS.PRICE = 3`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.engine.data.attributes import Attributes
from services.engine.errors import InvalidInput
from services.engine.filters.check import filterable
from services.engine.filters.expressions import ITEMS, Field
from services.engine.filters.index import Index, Mask
from services.engine.filters.parser import parse_expression
from services.engine.schemas import DatasetSchema


@dataclass(frozen=True)
class AttributeExpression:
    """Conditions on items: columns, each with the text or number that it must hold."""

    conditions: tuple[tuple[Field, str | float], ...]

    def check(self, items: DatasetSchema) -> None:
        """Check the expression against the schema of Items. Raises InvalidInput that names the column."""
        for field, value in self.conditions:
            is_text = filterable(field, {ITEMS: items}).type == "string"
            if is_text != isinstance(value, str):
                kind, form = ("text", 'in "double quotes"') if is_text else ("a number", "without quotes")
                raise InvalidInput(f"{field} is {kind}; write its value {form}")

    def mask(self, items: Attributes) -> Mask:
        """Return which items meet all conditions, shape (n_items,); of several values in a cell one is enough."""
        index = Index.of(items)
        matches = np.ones(len(index), np.bool_)
        for field, value in self.conditions:
            column = index.column(field.column)
            matches &= column.holding((value,)) if isinstance(value, str) else column.compared("=", value)
        return matches


def parse(text: str) -> AttributeExpression:
    """Parse an expression. Raises InvalidInput with the place of the fault."""
    comparisons = parse_expression(text, "attributes")
    for field, sign, _ in comparisons:
        if field.dataset != ITEMS:
            raise InvalidInput(f"{field} is not an attribute of items; write ITEMS.{field.column}")
        if sign != "=":
            raise InvalidInput(f"{field} is compared by '{sign}'; attributes can only be compared by '='")
    return AttributeExpression(tuple((field, value) for field, _, value in comparisons))
