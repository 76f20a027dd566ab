"""Questions that come at the same time, asked together: one statement of many keys costs little more than of one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from services.serving.errors import ServingError

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
_Question = tuple[Collection[Key], asyncio.Future[Mapping[Key, Value]]]

#: Most keys of a batch, so that no request waits for a very long one.
_MOST_KEYS = 64


class Batches(Generic[Key, Value]):
    """Asks for the first keys at once, and for those that come meanwhile in the next batch.

    One batch is under way at a time: a statement costs the process more than a dozen keys in it. A batch begins after
    the last of its keys was asked for, so nobody gets an answer older than the question.
    """

    def __init__(
        self, fetch: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]], most_keys: int = _MOST_KEYS
    ) -> None:
        self._fetch = fetch
        self._most_keys = most_keys
        self._waiting: list[_Question[Key, Value]] = []
        self._worker: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value | None:
        """Return what belongs to a key; None if nothing does. Raises what the statement of its batch raises."""
        return (await self.get_all((key,))).get(key)

    async def get_all(self, keys: Collection[Key]) -> dict[Key, Value]:
        """Return what belongs to keys, all asked for in one batch, without those to which nothing does."""
        answer: asyncio.Future[Mapping[Key, Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append((keys, answer))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())
        values = await answer
        return {key: values[key] for key in keys if key in values}

    async def _work(self) -> None:
        while self._waiting:
            await self._answer(self._next())

    def _next(self) -> Sequence[_Question[Key, Value]]:
        """Take the questions of the next batch: one, and those after it that fit."""
        n_questions = n_keys = 0
        for keys, _ in self._waiting:
            n_keys += len(keys)
            if n_questions and n_keys > self._most_keys:
                break
            n_questions += 1
        batch, self._waiting = self._waiting[:n_questions], self._waiting[n_questions:]
        return batch

    async def _answer(self, batch: Sequence[_Question[Key, Value]]) -> None:
        try:
            values = await self._fetch(list(dict.fromkeys(key for keys, _ in batch for key in keys)))
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, ServingError):  # one question may have spoilt it for all
                for question in batch:
                    await self._answer([question])
                return
            for _, answer in batch:
                if not answer.done():
                    answer.set_exception(error)
        else:
            for _, answer in batch:
                if not answer.done():  # whose client has hung up
                    answer.set_result(values)
