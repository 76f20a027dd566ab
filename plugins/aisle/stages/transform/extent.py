"""How much a build computes: everything, or only what the orders that changed since the last build touch.

Everything, unless it is sure that a part is enough: the last build ended well, was made by the same models, seeds and
settings, and nothing else happened than that some orders changed.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import Connection, IsolationLevel

from aisle.warehouse import sql

#: A larger share of the orders is computed faster with all others than by itself.
LARGEST_SHARE = 0.2
_FIRST = "there was no build before"
_UNFINISHED = "the last build did not end well"
_REDEFINED = "models, seeds or settings have changed"


@dataclass(frozen=True, slots=True)
class Extent:
    """What one build computes, and why."""

    build_id: int
    is_full: bool
    reason: str


def begin(connection: Connection, definition: str, *, is_full: bool = False) -> Extent:
    """Decide what a build computes, and claim the changes that it will have seen. `is_full`: everything is asked for.

    `definition` is a digest of all that rows depend on besides the orders. Belongs at the start of a transaction.
    """
    # What is committed behind the decision is not claimed by it either: it may need a full build.
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    ((n_changed, n_orders),) = connection.execute(sql("raw/company__order_changes/count").encode()).fetchall()
    of_orders = f"{n_changed} of {n_orders} orders have changed"
    whole = "a full build was asked for" if is_full else _why_whole(connection, definition)
    if whole is None and n_changed > LARGEST_SHARE * n_orders:
        whole = of_orders
    is_full, reason = whole is not None, whole or of_orders
    values = {"definition": definition, "is_full": is_full, "reason": reason}
    ((build_id,),) = connection.execute(sql("ops/mart_builds/begin").encode(), values).fetchall()
    connection.execute(sql("raw/company__order_changes/claim").encode(), {"build_id": build_id})
    return Extent(build_id, is_full, reason)


def finish(connection: Connection, extent: Extent, tables: list[str]) -> None:
    """Record that the build ended well: its `tables`, each schema.table, have the changes that it claimed."""
    connection.execute(sql("raw/company__order_changes/settle").encode(), {"build_id": extent.build_id})
    values = {"build_id": extent.build_id, "tables": tables}
    connection.execute(sql("ops/mart_builds/finish").encode(), values)


def _why_whole(connection: Connection, definition: str) -> str | None:
    newest = connection.execute(sql("ops/mart_builds/newest").encode()).fetchone()
    if newest is None:
        return _FIRST
    known_definition, is_finished, lost_table = newest
    if not is_finished:
        return _UNFINISHED
    if known_definition != definition:
        return _REDEFINED
    if lost_table:
        return f"{lost_table} is gone"
    row = connection.execute(sql("raw/company__order_changes/why_all").encode()).fetchone()
    return str(row[0]) if row else None
