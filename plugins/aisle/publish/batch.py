"""What recommend hands over: where the output of its two batch jobs is, and how much was asked of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from aisle.errors import ConfigurationError, ContractBroken


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """The output of one recommend run. `…_asked` is unknown for output that was named by hand."""

    run_key: str
    user_output: str
    item_output: str
    users_asked: int | None = None
    items_asked: int | None = None
    user_solution_version: str | None = None
    item_solution_version: str | None = None

    @property
    def solution_versions(self) -> dict[str, str | None]:
        return {"users": self.user_solution_version, "items": self.item_solution_version}

    def output_of(self, subject: str) -> str:
        """S3 URI of the prefix that holds the answers about 'users' or 'items'."""
        return self.user_output if subject == "users" else self.item_output

    def asked_of(self, subject: str) -> int | None:
        """How many lines were asked about 'users' or 'items'."""
        return self.users_asked if subject == "users" else self.items_asked


def batch_of_event(run_key: str, extra: Mapping[str, Any]) -> Batch:
    """The batch that an event of asset `batch_output` announces, to be published under `run_key`."""
    try:
        return msgspec.convert({**extra, "run_key": run_key}, Batch)
    except msgspec.ValidationError as error:
        raise ContractBroken(
            f"reading the event of asset batch_output for run {run_key} failed: {error}; its extra holds "
            f"{sorted(extra)}; run recommend again, or name user_output and item_output by hand"
        ) from error


def batch_by_hand(run_key: str, user_output: str | None, item_output: str | None) -> Batch:
    """The batch that two DAG params name. Both are needed: a generation is users and items together."""
    if not (user_output and item_output):
        raise ConfigurationError(
            f"publishing run {run_key} by hand needs both params: user_output is {user_output!r}, item_output is "
            f"{item_output!r}; give both S3 prefixes, or neither to publish the newest batch output"
        )
    return Batch(run_key=run_key, user_output=user_output, item_output=item_output)
