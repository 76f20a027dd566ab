"""The popular products of a group: what serving shows a user without a list who asks for that group."""

from __future__ import annotations

import logging

from psycopg import Connection, errors

from aisle.cache.schema import cache_sql
from aisle.contracts.recommendations import LONGEST_ANSWER
from aisle.groups.dataset_group import DatasetGroup

log = logging.getLogger(__name__)


def keep_popular(connection: Connection, generation: str, group: DatasetGroup) -> None:
    """Keep what most orders of the group hold beside the lists of `generation`; nobody sees it before that is live.

    A group that has the whole shop keeps none: serving shows the whole shop's, counted afresh.
    """
    connection.execute(cache_sql("cache/popular_products/forget", group), {"generation": generation})
    if not group.is_whole_shop:
        _count(connection, generation, group)


def _count(connection: Connection, generation: str, group: DatasetGroup) -> None:
    """Lists that are ready do not wait for marts that are not."""
    count = cache_sql("cache/popular_products/count", group, interactions=group.mart("interactions"))
    try:
        with connection.transaction():
            connection.execute(count, {"generation": generation, "n_items": LONGEST_ANSWER})
    except errors.UndefinedTable as error:
        log.warning(
            "counting the popular products of group %s for generation %s failed: %s; serving shows those of the whole "
            "shop in their place; run transform, then %s again",
            group.name,
            generation,
            str(error).splitlines()[0],
            group.dag_id("publish"),
        )
