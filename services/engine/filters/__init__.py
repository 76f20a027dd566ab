"""The filter language of the service: an expression becomes a mask of items or users."""

from __future__ import annotations

from services.engine.filters.evaluate import Facts
from services.engine.filters.filter import Filter, parse
from services.engine.filters.values import parse_values

__all__ = ["Facts", "Filter", "parse", "parse_values"]
