"""The suites of the boundaries that each dataset group passes for itself: its exports, batch input and staged lists."""

from __future__ import annotations

from dataclasses import replace

from aisle.contracts.recommendations import LIST_TABLES
from aisle.groups.dataset_group import DatasetGroup, Kind, dataset_groups
from aisle.quality.suites import GROUP_BORDERS, Suite, suites_of
from aisle.warehouse import CACHE_SCHEMA

#: By what a group must be asked about to have them.
_STAGED: dict[Kind, str] = {subject: f"{CACHE_SCHEMA}.{table.staging}" for subject, table in LIST_TABLES.items()}


def suites_of_group(border: str, group: DatasetGroup) -> list[Suite]:
    """The suites of a border, for the tables of one group; none for lists that the group is not asked for."""
    asked = {_STAGED[question.kind] for question in group.questions}
    left_out = set(_STAGED.values()) - asked
    return [_of_group(suite, group) for suite in suites_of(border) if suite.table not in left_out]


def suites_of_all(border: str) -> list[Suite]:
    """The suites of a border for every group, those of the first before any other."""
    first, *others = dataset_groups()
    further = [suite for group in others for suite in suites_of_group(border, group)]
    return suites_of_group(border, first) + (further if border in GROUP_BORDERS else [])


def _of_group(suite: Suite, group: DatasetGroup) -> Suite:
    """Under a name of its own, because two groups may be published under one run key."""
    if group.is_first or suite.border not in GROUP_BORDERS:
        return suite
    name = f"{group.name}.{suite.name}"
    is_staged = suite.table in _STAGED.values()
    table = suite.table.replace(CACHE_SCHEMA, group.cache_schema, 1) if is_staged else suite.table
    return replace(suite, name=name, table=table, document={**suite.document, "name": name})
