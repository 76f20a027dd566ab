"""How many requests with events are under way at a time: those beyond it are told to come again, and hold nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.serving.errors import TooManyRequests
from services.serving.settings import ServingSettings


class Gate:
    """Counts requests under way. All of an application run in one event loop."""

    def __init__(self, settings: ServingSettings) -> None:
        self._most = settings.webhook_requests
        self._inside = 0

    @asynccontextmanager
    async def entered(self) -> AsyncIterator[None]:
        """Count a request while it lasts. Raises TooManyRequests if there are as many as may be."""
        if self._inside >= self._most:
            raise TooManyRequests(f"{self._most} requests with events are under way; send this one again in a second")
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
