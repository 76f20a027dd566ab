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
    """Columns of items, each with the text or number that it must hold."""

    wanted: tuple[tuple[Field, str | float], ...]

    def check(self, items: DatasetSchema) -> None:
        """Hold the expression to the schema of Items. Raises InvalidInput that names the column."""
        for field, value in self.wanted:
            is_text = filterable(field, {ITEMS: items}).type == "string"
            if is_text != isinstance(value, str):
                kind, form = ("text", 'in "double quotes"') if is_text else ("a number", "without quotes")
                raise InvalidInput(f"{field} is {kind}; write its value {form}")

    def mask(self, items: Attributes) -> Mask:
        """Items that hold everything wanted; of several values in a cell one is enough. Shape (n_items,)."""
        index = Index.of(items)
        found = np.ones(len(index), np.bool_)
        for field, value in self.wanted:
            column = index.column(field.column)
            found &= column.holding((value,)) if isinstance(value, str) else column.compared("=", value)
        return found


def parse(text: str) -> AttributeExpression:
    """The expression that `text` says. Raises InvalidInput that names the place of what is wrong."""
    tests = parse_expression(text, "attributes")
    for field, sign, _ in tests:
        if field.dataset != ITEMS:
            raise InvalidInput(f"{field} is not an attribute of items; write ITEMS.{field.column}")
        if sign != "=":
            raise InvalidInput(f"{field} is compared by '{sign}'; attributes are compared by '=' alone")
    return AttributeExpression(tuple((field, value) for field, _, value in tests))
