"""Dataset groups in Airflow: the param by which the tasks of a DAG know their group, and the group's own assets."""

from __future__ import annotations

from typing import Any

from airflow.sdk import Asset, Param, get_current_context

from aisle.groups.dataset_group import DatasetGroup, dataset_group

#: The param that says which group a DAG serves. It is fixed: another group has another DAG.
_PARAM = "dataset_group"


def param_of(group: DatasetGroup) -> dict[str, Param]:
    """Return the param that tells the tasks of a DAG their group."""
    description = "The group that this DAG serves."
    return {_PARAM: Param(group.name, const=group.name, type="string", description=description)}


def group_of_context() -> DatasetGroup:
    """Return the group that the running task's DAG serves."""
    context: Any = get_current_context()
    return dataset_group(context["params"][_PARAM])


def asset_of(group: DatasetGroup, shared: Asset) -> Asset:
    """Return the group's own asset in place of one of `aisle.dag.assets`; the first group has the shared ones."""
    if group.is_first:
        return shared
    return Asset(name=group.key(shared.name), uri=f"{shared.uri}/{group.name}", group=shared.group)
