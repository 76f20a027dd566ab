"""How often a user may call: so many times in a span of time, counted from the user's first call in it."""

from __future__ import annotations

import math
import time
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

from aisle.warehouse import sql
from services.serving.auth import CurrentUser
from services.serving.database import Database, Row
from services.serving.dependencies import Dependencies, dependencies_of
from services.serving.errors import DatabaseUnreachable, RateLimited


class WarehouseStorage(Storage):
    """Counters in the warehouse, which all replicas share."""

    STORAGE_SCHEME = None  # made here, not from an address

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @property
    def base_exceptions(self) -> type[Exception]:
        return DatabaseUnreachable

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count some calls, and return how many there were in this span of time."""
        values = {"counter": key, "seconds": expiry, "n_calls": amount}
        (((n_calls,),),) = await self._database.write([sql("serving/rate_limits/count")], values)
        return int(n_calls)

    async def get(self, key: str) -> int:
        """Return how many calls there were in this span of time."""
        row = await self._row(key)
        return int(row[0]) if row else 0

    async def get_expiry(self, key: str) -> float:
        """Return when this span of time ends, in seconds since 1970."""
        row = await self._row(key)
        return float(row[1]) if row else time.time()

    async def check(self) -> bool:
        """Whether the counters can be read."""
        await self._row("")
        return True

    async def reset(self) -> int | None:
        """Counters end by themselves; none is taken back."""
        raise NotImplementedError

    async def clear(self, key: str) -> None:
        """Counters end by themselves; none is taken back."""
        raise NotImplementedError

    async def _row(self, key: str) -> Row | None:
        rows = await self._database.fetch(sql("serving/rate_limits/find"), {"counter": key})
        return rows[0] if rows else None


class RateLimits:
    """The calls that each user has left."""

    def __init__(self, limit: RateLimitItem, storage: Storage) -> None:
        self._limit = limit
        self._limiter = FixedWindowRateLimiter(storage)

    @classmethod
    def of(cls, dependencies: Dependencies) -> RateLimits:
        """Count in the warehouse, or in this process, as the settings say."""
        is_shared = dependencies.settings.rate_limit_storage == "warehouse"
        storage = WarehouseStorage(dependencies.database) if is_shared else MemoryStorage()
        return cls(parse(dependencies.settings.rate_limit), storage)

    async def spend(self, caller: str) -> None:
        """Count one call of a user, or of an address. Raises RateLimited, with the seconds to wait, if none is left."""
        counter = sha256(caller.encode()).hexdigest()  # what is counted names nobody
        if await self._limiter.hit(self._limit, counter):
            return
        window = await self._limiter.get_window_stats(self._limit, counter)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        raise RateLimited(f"more than {self._limit} of one user or address: try again in {seconds} s", seconds)


async def _limited_user(request: Request, user_id: CurrentUser) -> str:
    await dependencies_of(request).shared(RateLimits.of).spend(user_id)
    return user_id


#: The user whom a request is about, unless that user has called too often.
LimitedUser = Annotated[str, Depends(_limited_user)]
