"""What recommend passes to publish: the output of its two batch jobs, and how many questions they had."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from aisle.contracts.recommendations import Subject
from aisle.errors import ConfigurationError, ContractBroken


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The output of one recommend run, about users, items or both. `…_asked` is unknown for output named by hand.

    `without` says of each subject that was not asked about, because no model is live for it, why that is.
    """

    run_key: str
    user_output: str | None = None
    item_output: str | None = None
    users_asked: int | None = None
    items_asked: int | None = None
    user_solution_version: str | None = None
    item_solution_version: str | None = None
    without: dict[Subject, str] = {}

    @property
    def solution_versions(self) -> dict[str, str | None]:
        return {"users": self.user_solution_version, "items": self.item_solution_version}

    def output_of(self, subject: Subject) -> str | None:
        """Return the S3 URI of the answers about 'users' or 'items'."""
        return self.user_output if subject == "users" else self.item_output

    def asked_of(self, subject: Subject) -> int | None:
        """Return the number of questions about 'users' or 'items'; None if unknown."""
        return self.users_asked if subject == "users" else self.items_asked


def batch_of_event(run_key: str, extra: Mapping[str, Any], subjects: Collection[Subject]) -> Batch:
    """The batch that an event of asset `batch_output` announces, to be published under `run_key`."""
    try:
        batch = msgspec.convert({**extra, "run_key": run_key}, Batch)
    except msgspec.ValidationError as error:
        raise _broken(run_key, extra, str(error)) from error
    missing = [subject for subject in subjects if not batch.output_of(subject)]
    if len(missing) == len(subjects) or any(subject not in batch.without for subject in missing):
        raise _broken(run_key, extra, f"it names no output about {' and '.join(missing)}")
    return batch


def batch_by_hand(
    run_key: str, user_output: str | None, item_output: str | None, subjects: Collection[Subject]
) -> Batch:
    """The batch that DAG params name: all of what the group is asked, because a generation is one whole."""
    given = {"users": user_output, "items": item_output}
    if any(bool(output) != (subject in subjects) for subject, output in given.items()):
        raise ConfigurationError(
            f"publishing run {run_key} by hand needs the output about {' and '.join(subjects)}: user_output is "
            f"{user_output!r}, item_output is {item_output!r}; give {_params_of(subjects)}, or none to publish the "
            "newest batch output"
        )
    return Batch(run_key=run_key, user_output=user_output, item_output=item_output)


def _params_of(subjects: Collection[Subject]) -> str:
    return "both S3 prefixes" if len(subjects) > 1 else f"the S3 prefix of {''.join(subjects)} alone"


def _broken(run_key: str, extra: Mapping[str, Any], why: str) -> ContractBroken:
    return ContractBroken(
        f"reading the event of asset batch_output for run {run_key} failed: {why}; its extra holds "
        f"{sorted(extra)}; run recommend again, or name user_output and item_output by hand"
    )
