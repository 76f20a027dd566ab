"""The file of the experiments: what is compared, between which arms, by which outcome."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec

from aisle.errors import ConfigurationError

Outcome = Literal["clicked", "purchased"]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of the things that are compared: the lists of a dataset group, and so its model and weights of events."""

    name: str
    group: str
    weight: float = 1.0


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A comparison; its first arm is the control. `effect` is the difference of rates that would matter."""

    name: str
    starts_at: datetime
    arms: tuple[Arm, ...]
    ends_at: datetime | None = None
    description: str = ""
    outcome: Outcome = "clicked"
    outcome_days: float = 7.0
    share: float = 1.0
    effect: float = 0.02

    @property
    def control(self) -> Arm:
        return self.arms[0]

    @property
    def observation(self) -> timedelta:
        """How long each user is observed after the first exposure."""
        return timedelta(days=self.outcome_days)

    def is_running(self, moment: datetime) -> bool:
        """Whether users are assigned at a moment."""
        return self.starts_at <= moment and (self.ends_at is None or moment < self.ends_at)


class Experiments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All experiments, in the order in which users are offered to them."""

    experiments: tuple[Experiment, ...] = ()


def read_experiments(path: Path | None) -> Sequence[Experiment]:
    """Read the file; none without one. Raises ConfigurationError that names the file and what is wrong with it."""
    if path is None:
        return ()
    try:
        experiments = msgspec.convert(tomllib.loads(path.read_text()), Experiments).experiments
        _check_names("experiments", [experiment.name for experiment in experiments])
        for experiment in experiments:
            _check(experiment)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"reading the experiments of {path}: {error}; correct the file") from error
    return experiments


def _check(experiment: Experiment) -> None:
    """Raise ValueError if an experiment cannot be run as it is written."""
    of = f"experiment {experiment.name}"
    if len(experiment.arms) < 2:
        raise ValueError(f"{of} has {len(experiment.arms)} arms; a comparison needs two")
    _check_names(f"arms of {of}", [arm.name for arm in experiment.arms])
    if any(not 0 < arm.weight < float("inf") for arm in experiment.arms):
        raise ValueError(f"{of}: the weight of an arm is above 0")
    if not 0 < experiment.share <= 1:
        raise ValueError(f"{of}: share is {experiment.share}, not above 0 and at most 1")
    if not 0 < experiment.effect < 1:
        raise ValueError(f"{of}: effect is {experiment.effect}, not between 0 and 1")
    if not 0 < experiment.outcome_days <= 365:
        raise ValueError(f"{of}: outcome_days is {experiment.outcome_days}, not above 0 and at most 365")
    if any(moment is not None and moment.tzinfo is None for moment in (experiment.starts_at, experiment.ends_at)):
        raise ValueError(f"{of}: starts_at and ends_at need a zone, such as 2026-12-01T00:00:00Z")
    if experiment.ends_at is not None and experiment.ends_at <= experiment.starts_at:
        raise ValueError(f"{of} ends before it starts")


def _check_names(of: str, names: Sequence[str]) -> None:
    if any(not _NAME.fullmatch(name) for name in names):
        raise ValueError(f"{of} are {', '.join(map(repr, names))}; a name is of a-z, 0-9, - and _")
    if len(set(names)) < len(names):
        raise ValueError(f"{of} are {', '.join(names)}; each name must be another")
