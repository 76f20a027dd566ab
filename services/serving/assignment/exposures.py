"""The log of exposures: since when a user has been shown which arm. Written beside the requests, not within them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from datetime import UTC, datetime

import msgspec
import psycopg
import structlog

from aisle.warehouse import sql
from services.serving.assignment.assigner import Assignment
from services.serving.database import Database
from services.serving.errors import ServingError

log = structlog.get_logger(__name__)

_FLUSH_SECONDS = 1.0
#: Exposures that a process remembers as logged; a forgotten one is written again, which changes nothing.
_REMEMBERED = 200_000
#: Exposures that wait while the database is away; a later answer to the same user logs the others.
_MAX_PENDING = 50_000
_STORE = ("serving/interactions/await_erasure", "serving/experiments/store_exposures")


class Exposure(msgspec.Struct, frozen=True):
    """A user who was shown an arm."""

    experiment: str
    arm: str
    user_id: str


class Exposures:
    """Collects exposures and writes each once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._pending: dict[Exposure, datetime] = {}
        self._logged: OrderedDict[Exposure, None] = OrderedDict()

    def add(self, assignment: Assignment, user_id: str) -> None:
        """Log that a user was shown an arm, if this process has not logged it."""
        exposure = Exposure(assignment.experiment.name, assignment.arm.name, user_id)
        if exposure in self._logged or len(self._pending) >= _MAX_PENDING:
            return
        self._pending.setdefault(exposure, datetime.now(UTC))

    async def flush(self) -> None:
        """Write what is pending. Raises as `Database.write` does: then it stays pending."""
        written = dict(self._pending)
        if not written:
            return
        rows = [{**msgspec.structs.asdict(exposure), "exposed_at": at} for exposure, at in written.items()]
        await self._database.write([sql(name) for name in _STORE], {"exposures": msgspec.json.encode(rows).decode()})
        for exposure in written:
            del self._pending[exposure]
            self._logged[exposure] = None
        while len(self._logged) > _REMEMBERED:
            self._logged.popitem(last=False)

    async def run(self) -> None:
        """Write every second, until cancelled; then write what is left."""
        try:
            while True:
                await asyncio.sleep(_FLUSH_SECONDS)
                await self._try_to_flush()
        finally:
            await self._try_to_flush()

    async def _try_to_flush(self) -> None:
        try:
            await self.flush()
        except ServingError as error:
            log.warning("exposures wait", n_pending=len(self._pending), reason=type(error).__name__)
        except psycopg.Error as error:  # these rows would fail again, and keep all later ones from the log
            log.error("exposures given up", n_pending=len(self._pending), reason=type(error).__name__)
            self._pending.clear()
