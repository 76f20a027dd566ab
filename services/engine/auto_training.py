"""Automatic training: create solution versions on a schedule, if ENGINE_AUTO_TRAINING is set.

The first version of a solution is created an hour after it became ACTIVE, unless one was created by hand; later ones
every N days of `rate(N days)`, and only if there are interactions that the latest automatic version did not see.
UpdateSolution restarts the count.

Source: Personalize developer guide, "Configuring automatic training".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import structlog

from personalize_kinds.kinds import DATASET, DATASET_GROUP, SOLUTION, SOLUTION_VERSION
from personalize_kinds.statuses import ACTIVE, CREATING
from services.engine.disk import NO_SPACE, is_full
from services.engine.lifecycle import Lifecycle
from services.engine.operations.solution_config import days_between
from services.engine.operations.solutions import AUTOMATIC, version_of
from services.engine.resources import Resource
from services.engine.store import Store

log = structlog.get_logger()

DEFAULT_SCHEDULE = "rate(7 days)"
FIRST_AFTER_SECONDS = 3_600
SECONDS_PER_DAY = 86_400
#: Seconds between two checks: on the engine's own clock, and the minimum on the machine's.
TICK_SECONDS, MIN_TICK_SECONDS = 60, 0.05


class AutoTraining:
    """The thread that creates versions when they are due.

    newest_record  returns the number of the latest single record of a dataset, 0 if there is none
    speed          seconds of the engine's clock in one second of the machine's
    """

    def __init__(
        self, store: Store, lifecycle: Lifecycle, newest_record: Callable[[str], int], speed: float = 1
    ) -> None:
        self._store = store
        self._lifecycle = lifecycle
        self._newest_record = newest_record
        self._speed = speed

    def start(self) -> None:
        threading.Thread(target=self._loop, name="engine-auto-training", daemon=True).start()

    def _loop(self) -> None:
        while not self._lifecycle.closes_within(max(MIN_TICK_SECONDS, TICK_SECONDS / self._speed)):
            try:
                self.tick(time.time())
            except Exception as error:
                # If the thread died, automatic training would end unnoticed.
                if is_full(error):
                    log.warning("disk full", remedy=NO_SPACE)
                else:
                    log.exception("automatic training broke")

    def tick(self, now: float) -> None:
        """Start the trainings that are due at `now`, in epoch seconds of the machine."""
        for solution in self._store.in_status([ACTIVE], SOLUTION):
            with self._store.transaction():
                current = self._store.current(solution)
                if current and current.status == ACTIVE and current.body["performAutoTraining"]:
                    self._train_if_due(current, now)

    def _train_if_due(self, solution: Resource, now: float) -> None:
        versions = self._store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn))
        data = self._data_of(solution.body["datasetGroupArn"])
        if not data or not is_due(solution, versions, data, now, self._speed):
            return
        version = version_of(solution, trainingMode="FULL", trainingType=AUTOMATIC)
        version.inner["trained_on"] = data
        version.move(version.kind.creation.pending)
        self._store.add(version)
        self._lifecycle.create(version)
        log.info("automatic training", arn=version.arn)

    def _data_of(self, group_arn: str) -> list[Any]:
        """Return a value that changes with a group's interactions; empty if there are none."""
        datasets = self._store.page(DATASET, where=(DATASET_GROUP.arn_member, group_arn))
        interactions = [dataset for dataset in datasets if dataset.body["datasetType"] == "INTERACTIONS"]
        state = [(dataset.inner.get("parts", []), self._newest_record(dataset.arn)) for dataset in interactions]
        return [[*parts, newest] for parts, newest in state if parts or newest]


def is_due(solution: Resource, versions: Sequence[Resource], data: Any, now: float, speed: float = 1) -> bool:
    """Return whether a solution is due for training; `data` changes with the group's interactions."""
    if any(version.status in CREATING for version in versions):
        return False
    automatic = [version for version in versions if version.body["trainingType"] == AUTOMATIC]
    if automatic and automatic[0].inner.get("trained_on") == data:
        return False
    begun = [solution.body["lastUpdatedDateTime"], solution.update.get("lastUpdatedDateTime", 0)]
    since = max(*begun, *(version.body["creationDateTime"] for version in automatic))
    schedule = solution.body["solutionConfig"].get("autoTrainingConfig", {}).get("schedulingExpression")
    wait = days_between(schedule or DEFAULT_SCHEDULE) * SECONDS_PER_DAY if versions else FIRST_AFTER_SECONDS
    return bool((now - since) * speed >= wait)
