"""Load batch output into the staging table of a cache table, in one transaction."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec
import psycopg

from aisle.batch.ranking import RankedList, Rejected, read_record
from aisle.batch.records import Record
from aisle.cache.schema import cache_sql
from aisle.contracts.recommendations import LIST_TABLES, ListTable, ScoreKind, Subject
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import connect, list_parts

_encode = msgspec.json.Encoder().encode


class Staged(msgspec.Struct, kw_only=True):
    """The counts of staging the records of one subject."""

    subject: Subject
    lines: int = 0
    lists: int = 0  # rows in the staging table
    rejected: int = 0
    repeated: int = 0  # records for an id that a later record answers again
    unscored: int = 0  # lists whose scores are places
    seconds: float = 0.0


def stage(
    records: Iterable[Record],
    subject: Subject,
    generation: str,
    scored_by: ScoreKind,
    group: DatasetGroup,
    url: str | None = None,
) -> Staged:
    """Replace a group's staging table of `subject` with these records, completely or not at all.

    Records without a list go to `rejected_records`, over a second connection: one in COPY can do nothing else.
    """
    table, staged, started = LIST_TABLES[subject], Staged(subject=subject), time.monotonic()
    with connect(url) as rejects, connect(url) as lists:
        rejects.execute(
            cache_sql("cache/rejected_records/forget", group), {"generation": generation, "subject": subject}
        )
        begin_staging(lists, group, table)
        with (
            rejects.cursor().copy(cache_sql("cache/rejected_records/copy", group)) as copy_rejects,
            lists.cursor().copy(cache_sql("cache/lists/copy", group, **list_parts(table))) as copy_lists,
        ):
            _copy(records, table, staged, copy_lists, copy_rejects, generation, scored_by)
        staged.repeated = lists.execute(cache_sql("cache/lists/drop_repeated", group, **list_parts(table)), {}).rowcount
        if subject == "users":
            _follow_people(lists, group, table)
        finish_staging(lists, group, table)
    staged.lists -= staged.repeated
    staged.seconds = time.monotonic() - started
    return staged


def begin_staging(connection: psycopg.Connection, group: DatasetGroup, table: ListTable) -> None:
    """Create an empty staging table, replacing one that a failed run left."""
    connection.execute(cache_sql("cache/lists/begin_staging", group, **list_parts(table)), {})


def finish_staging(connection: psycopg.Connection, group: DatasetGroup, table: ListTable) -> None:
    """Make a loaded staging table ready to be switched to."""
    connection.execute(cache_sql("cache/lists/finish_staging", group, **list_parts(table)), {})


def _follow_people(connection: psycopg.Connection, group: DatasetGroup, table: ListTable) -> None:
    """Drop the lists of whoever was erased, and rename those of customers who were joined, since the batch began."""
    connection.execute(cache_sql("cache/lists/await_people", group), {})
    connection.execute(cache_sql("cache/lists/drop_erased", group, **list_parts(table)), {})
    connection.execute(cache_sql("cache/lists/follow_joined", group, **list_parts(table)), {})


def _copy(
    records: Iterable[Record],
    table: ListTable,
    staged: Staged,
    lists: psycopg.Copy,
    rejects: psycopg.Copy,
    generation: str,
    scored_by: ScoreKind,
) -> None:
    updated_at = datetime.now(UTC).replace(tzinfo=None)  # the column has no zone and means UTC
    for record in records:
        staged.lines += 1
        match read_record(record.text, table.subject):
            case RankedList(key, products, is_scored):
                staged.lists += 1
                staged.unscored += not is_scored
                kind = scored_by if is_scored else "rank"
                lists.write_row((key, _encode(products).decode(), updated_at, kind, generation))
            case Rejected(reason, detail):
                staged.rejected += 1
                place = (generation, table.subject, record.object_key, record.number)
                rejects.write_row((*place, reason, _storable(detail), _storable(record.text)))


def _storable(text: str | bytes) -> str:
    """PostgreSQL's text holds neither broken UTF-8 nor NUL."""
    readable = text if isinstance(text, str) else text.decode(errors="replace")
    return readable.replace("\0", "\N{REPLACEMENT CHARACTER}")
