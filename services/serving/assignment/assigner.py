"""From a user id to an arm, without a table: a keyed hash, so that nobody outside can tell or choose the arm."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.serving.assignment.definitions import Arm, Experiment

_BYTES = 8
_SIZE = float(2 ** (8 * _BYTES))


@dataclass(frozen=True)
class Assignment:
    """The arm of a user in an experiment."""

    experiment: Experiment
    arm: Arm


class Assigner:
    """Assigns users to arms. The same user is always in the same arm, in every process and after every restart."""

    def __init__(self, experiments: Sequence[Experiment], key: str) -> None:
        self.experiments = experiments
        self._key = key.encode()

    def of(self, user_id: str, moment: datetime | None = None) -> Assignment | None:
        """Return the user's arm in the first running experiment that takes the user; None if none does."""
        if not self.experiments:
            return None
        at = moment or datetime.now(UTC)
        for experiment in self.experiments:
            if experiment.is_running(at) and (arm := self._arm(experiment, user_id)):
                return Assignment(experiment, arm)
        return None

    def _arm(self, experiment: Experiment, user_id: str) -> Arm | None:
        message = f"experiment\x1f{experiment.name}\x1f{user_id}".encode(errors="surrogatepass")
        digest = hmac.digest(self._key, message, hashlib.sha256)
        taken, place = (int.from_bytes(digest[at : at + _BYTES]) / _SIZE for at in (0, _BYTES))
        if taken >= experiment.share:
            return None
        end, total = 0.0, sum(arm.weight for arm in experiment.arms)
        for arm in experiment.arms:
            end += arm.weight / total
            if place < end:
                return arm
        return experiment.arms[-1]  # the sum of the shares may be a bit less than 1
