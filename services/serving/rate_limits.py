"""How often a user may call: so many times in a span of time, counted from the user's first call in it."""

from __future__ import annotations

import math
import time
from hashlib import sha256
from typing import Annotated

from fastapi import Depends, Request
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from services.serving.auth import CurrentUser
from services.serving.dependencies import dependencies_of
from services.serving.errors import RateLimited
from services.serving.settings import ServingSettings


class RateLimits:
    """The calls that each user has left."""

    def __init__(self, limit: RateLimitItem, limiter: FixedWindowRateLimiter) -> None:
        self._limit = limit
        self._limiter = limiter

    @classmethod
    def in_memory(cls, settings: ServingSettings) -> RateLimits:
        """Count in this process."""
        return cls(parse(settings.rate_limit), FixedWindowRateLimiter(MemoryStorage()))

    async def spend(self, user_id: str) -> None:
        """Count one call of a user. Raises RateLimited, with the seconds to wait, if none is left."""
        counter = sha256(user_id.encode()).hexdigest()  # what is counted names nobody
        if await self._limiter.hit(self._limit, counter):
            return
        window = await self._limiter.get_window_stats(self._limit, counter)
        seconds = max(1, math.ceil(window.reset_time - time.time()))
        raise RateLimited(f"more than {self._limit} of one user: try again in {seconds} s", seconds)


async def _limited_user(request: Request, user_id: CurrentUser) -> str:
    await dependencies_of(request).once(RateLimits.in_memory).spend(user_id)
    return user_id


#: The user whom a request is about, unless that user has called too often.
LimitedUser = Annotated[str, Depends(_limited_user)]
