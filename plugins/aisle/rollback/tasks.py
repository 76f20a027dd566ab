"""The tasks of the rollback DAG: one for the cache, one for a model; the one that is not asked for is skipped."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

import logging
from typing import Any

from airflow.sdk import Asset, Param, get_current_context, task
from airflow.sdk.exceptions import AirflowSkipException

from aisle.assets import CACHE, MODELS
from aisle.contracts.personalize import SIMILAR_ITEMS, USER_PERSONALIZATION
from aisle.dag_defaults import asked_by, run_key_of_context
from aisle.interventions import Intervention
from aisle.receipts import receipt
from aisle.rollback import targets

log = logging.getLogger(__name__)

_CACHE = "cache"
_MODELS = (USER_PERSONALIZATION.name, SIMILAR_ITEMS.name)

PARAMS: dict[str, Param] = {
    "what": Param(_CACHE, type="string", enum=[_CACHE, *_MODELS], description="What goes back to its previous state"),
    "reason": Param("", type="string", description="Why; stored beside who asked for it"),
}


@task(outlets=[CACHE])
def roll_back_cache(params: Any = None) -> None:
    """The previous generation becomes live, the live one previous."""
    if params["what"] != _CACHE:
        raise AirflowSkipException(f"this run is asked for {params['what']}")
    _roll_back(_CACHE, targets.cache(), params["reason"], CACHE)


@task(outlets=[MODELS])
def roll_back_model(params: Any = None) -> None:
    """The previous version of the solution becomes live; the next `recommend` asks it."""
    if params["what"] == _CACHE:
        raise AirflowSkipException("this run is asked for the cache")
    _roll_back(params["what"], targets.model(params["what"]), params["reason"], MODELS)


def _roll_back(what: str, target: targets.Target, reason: str, asset: Asset) -> None:
    context: Any = get_current_context()
    run_key = run_key_of_context()
    with receipt(run_key, "rollback", what) as slip:
        now = targets.roll_back(target, Intervention(run_key, "rollback", what, asked_by(), reason))
        slip.details = {"live": now}
    context["outlet_events"][asset].extra = {"run_key": run_key}
    log.info("%s: %s is live", what, now)
