"""The tasks of the rollback DAG: per group one for the cache, one for a model; what is not asked for is skipped."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Asset, Param, chain, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowSkipException

from aisle.dag.assets import CACHE, MODELS
from aisle.dag.campaign import only_served, serve_live
from aisle.dag.defaults import asked_by, run_key_of_context
from aisle.dag.groups import asset_of
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import DatasetGroup, dataset_group, dataset_groups
from aisle.ops.interventions import Intervention
from aisle.ops.receipts import receipt
from aisle.stages.rollback import targets

log = logging.getLogger(__name__)

_CACHE = "cache"


def params() -> dict[str, Param]:
    """Return the DAG's params: the group, what to roll back, and the reason. Groups may have different solutions."""
    names = [group.name for group in dataset_groups()]
    subjects = [_CACHE, *dict.fromkeys(key for group in dataset_groups() for key in _solutions(group))]
    return {
        "dataset_group": Param(names[0], type="string", enum=names, description="Whose cache or model it is"),
        "what": Param(_CACHE, type="string", enum=subjects, description="What goes back to its previous state"),
        "reason": Param(type="string", minLength=1, description="Why; stored beside who asked for it"),
    }


def bring_back(group: DatasetGroup) -> None:
    """Create the tasks of one group, in a task group of its name unless it is the first."""
    if group.is_first:
        _steps(group)
    else:
        task_group(group_id=group.name)(_steps)(group)


def _steps(group: DatasetGroup) -> None:
    roll_back_cache.override(outlets=[asset_of(group, CACHE)])(group.name)
    chain(roll_back_model.override(outlets=[asset_of(group, MODELS)])(group.name), *serve_live(group))


@task
def roll_back_cache(group_name: str, params: Any = None) -> None:
    """Make the previous generation live, and the live one previous."""
    group = _asked_for(group_name, params)
    if params["what"] != _CACHE:
        raise AirflowSkipException(f"this run is asked for {params['what']}")
    _roll_back(group.key(_CACHE), targets.cache(group), params["reason"], asset_of(group, CACHE))


@task
def roll_back_model(group_name: str, params: Any = None) -> None:
    """Make the previous version of the solution live; the next `recommend` asks it."""
    group, what = _asked_for(group_name, params), params["what"]
    if what == _CACHE:
        raise AirflowSkipException("this run is asked for the cache")
    if what not in _solutions(group):
        raise ConfigurationError(
            f"rolling back {what} of the dataset group {group.name}: the group has "
            f"{', '.join([_CACHE, *_solutions(group)])} to roll back; name one of these, or another group"
        )
    _roll_back(group.key(what), targets.model(group, what), params["reason"], asset_of(group, MODELS))


def _asked_for(group_name: str, params: Any) -> DatasetGroup:
    if params["dataset_group"] != group_name:
        raise AirflowSkipException(f"this run is asked for the dataset group {params['dataset_group']}")
    return dataset_group(group_name)


def _solutions(group: DatasetGroup) -> list[str]:
    """Those that have a live version: their answers are published, or campaigns give them."""
    return [*(question.solution for question in group.questions), *only_served(group)]


def _roll_back(what: str, target: targets.Target, reason: str, asset: Asset) -> None:
    context: Any = get_current_context()
    run_key = run_key_of_context()
    with receipt(run_key, "rollback", what) as slip:
        now = targets.roll_back(target, Intervention(run_key, "rollback", what, asked_by(), reason))
        slip.details = {"live": now}
    context["outlet_events"][asset].extra = {"run_key": run_key}
    log.info("%s: %s is live", what, now)
