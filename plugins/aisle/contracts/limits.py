"""Limits that every stage respects, checked when an order lands.

A value outside costs its order or its order item. The raw and marts suites, dbt's variables, the export's check and the
cache's columns have the same numbers; `tests/unit/ingest/test_ingest_limits.py` compares them.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: Characters of an order, product or user id: the cache's key columns have 255, Personalize takes 256.
LONGEST_ID = 255

#: Orders lie between this and now. PostgreSQL holds moments that Python cannot read, and tills send 1970 for "unknown".
EARLIEST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
#: How far clocks may differ.
CLOCK_TOLERANCE = timedelta(hours=1)

#: Quantities, prices and totals stay below this: the narrowest column, numeric(14,4), still holds it when rounded.
LARGEST_NUMBER = 9_999_999_999.99
#: What is smaller would be stored as zero: quantity is numeric(14,3), a price numeric(14,4).
SMALLEST_QUANTITY = 0.0005
SMALLEST_PRICE = 0.00005
