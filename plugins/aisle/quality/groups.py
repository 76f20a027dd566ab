"""The suites of a dataset group: each has its own exports, batch input and staged lists."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from aisle.contracts.recommendations import LIST_TABLES
from aisle.groups.dataset_group import DatasetGroup, Kind, dataset_groups
from aisle.quality.suites import GROUP_BOUNDARIES, Suite, suites_of
from aisle.warehouse import CACHE_SCHEMA

#: The staging table of each kind of question; a group has the tables of its own questions.
_STAGED: dict[Kind, str] = {subject: f"{CACHE_SCHEMA}.{table.staging}" for subject, table in LIST_TABLES.items()}


def suites_of_group(boundary: str, group: DatasetGroup, without: Collection[Kind] = ()) -> list[Suite]:
    """Return the suites of a boundary for the tables of a group, without the lists that the group does not have.

    `without` are further kinds of lists that it lacks, because no model is live for them.
    """
    asked = {_STAGED[question.kind] for question in group.questions if question.kind not in without}
    left_out = set(_STAGED.values()) - asked
    return [_of_group(suite, group) for suite in suites_of(boundary) if suite.table not in left_out]


def suites_of_all(boundary: str) -> list[Suite]:
    """Return the suites of a boundary for every group, those of the first group first."""
    first, *others = dataset_groups()
    further = [suite for group in others for suite in suites_of_group(boundary, group)]
    return suites_of_group(boundary, first) + (further if boundary in GROUP_BOUNDARIES else [])


def _of_group(suite: Suite, group: DatasetGroup) -> Suite:
    """Return the suite under a name of the group's own: two groups may be published under one run key."""
    if group.is_first or suite.boundary not in GROUP_BOUNDARIES:
        return suite
    name = f"{group.name}.{suite.name}"
    is_staged = suite.table in _STAGED.values()
    table = suite.table.replace(CACHE_SCHEMA, group.cache_schema, 1) if is_staged else suite.table
    return replace(suite, name=name, table=table, document={**suite.document, "name": name})
