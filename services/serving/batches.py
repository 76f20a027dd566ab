"""Look-ups that come at the same time, answered together: one statement of many keys costs little more than of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Value = TypeVar("Value")

#: Batches of one kind under way at a time: while the database answers one, the process works on the other.
_AT_ONCE = 2
#: Most keys of a batch, so that no request waits for a very long one.
_MOST_KEYS = 64


class Batches(Generic[Value]):
    """Asks for the first key at once, and for those that come meanwhile in the next batch.

    A batch begins after the last of its keys was asked for, so nobody gets an answer older than the question.
    """

    def __init__(self, fetch: Callable[[Sequence[str]], Awaitable[Mapping[str, Value]]]) -> None:
        self._fetch = fetch
        self._waiting: list[tuple[str, asyncio.Future[Value | None]]] = []
        self._workers: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> Value | None:
        """Return what belongs to a key; None if nothing does. Raises what the statement of its batch raises."""
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if len(self._workers) < _AT_ONCE:
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    async def _work(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_MOST_KEYS], self._waiting[_MOST_KEYS:]
            try:
                values = await self._fetch(list(dict.fromkeys(key for key, _ in batch)))
            except Exception as error:  # each request of the batch raises it
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(error)
            else:
                for key, answer in batch:
                    if not answer.done():  # whose client has hung up
                        answer.set_result(values.get(key))
