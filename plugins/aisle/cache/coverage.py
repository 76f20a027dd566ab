"""Whether the batch jobs answered enough of what they were asked."""

from __future__ import annotations

import logging

from aisle.cache.schema import cache_sql
from aisle.cache.staging import Staged
from aisle.errors import BatchOutputIncomplete
from aisle.groups.dataset_group import DatasetGroup
from aisle.warehouse import connect

log = logging.getLogger(__name__)


def check_coverage(
    staged: Staged,
    asked: int | None,
    min_coverage: float,
    generation: str,
    group: DatasetGroup,
    url: str | None = None,
) -> float:
    """Return the share of questions that have a list; `asked` None means as many as there are records.

    Raises BatchOutputIncomplete, with the most frequent reasons, if it is below `min_coverage` or there is no list.
    """
    asked = staged.lines if asked is None else asked
    coverage = min(1.0, staged.lists / asked) if asked else 0.0
    if staged.lists and coverage >= min_coverage:
        log.info("%s of %s asked %s have a list (%.2f %%)", staged.lists, asked, staged.subject, 100 * coverage)
        return coverage
    raise BatchOutputIncomplete(
        f"publishing {staged.subject} of generation {generation}: {staged.lists} lists for {asked} asked "
        f"({coverage:.2%}), at least {min_coverage:.2%} are required; {staged.lines} records came, "
        f"{_reasons(staged, generation, group, url)}; the live generation was not touched; see "
        f"{group.cache_schema}.rejected_records, then run {group.dag_id('recommend')} again or lower "
        "AISLE_PUBLISH__MIN_COVERAGE"
    )


def _reasons(staged: Staged, generation: str, group: DatasetGroup, url: str | None) -> str:
    with connect(url) as connection:
        rows = connection.execute(
            cache_sql("cache/rejected_records/summary", group), {"generation": generation, "subject": staged.subject}
        ).fetchall()
    named = ", ".join(f"{count} times {reason} ({detail[:200]})" for reason, detail, count in rows)
    return f"{staged.rejected} of them without a list: {named}" if named else "none of them was rejected"
