"""Interventions by people: what was done, who asked for it, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

from psycopg import Connection

from aisle.errors import ConfigurationError
from aisle.warehouse import sql


@dataclass(frozen=True)
class Intervention:
    """An intervention in one run. `subject` is what it changes: a cache, a solution, a user, a boundary."""

    run_key: str
    kind: Literal["invalidation", "rollback", "acceptance"]
    subject: str
    asked_by: str
    reason: str

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise ConfigurationError(
                f"a {self.kind} of {self.subject} was asked for without a reason; give the param `reason`: whoever "
                "looks at this in a month must be able to understand it"
            )

    def begin(self, connection: Connection, before: str | None = None) -> str | None:
        """Record the state before. A repeated run gets what its first attempt recorded."""
        values = {**asdict(self), "before": before}
        row = connection.execute(sql("ops/interventions/begin").encode(), values).fetchone()
        return row[0] if row else before

    def finish(self, connection: Connection, after: str | None = None) -> None:
        """Record that it is done, and the state after."""
        connection.execute(sql("ops/interventions/finish").encode(), {**asdict(self), "after": after})
