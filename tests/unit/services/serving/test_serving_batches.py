from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from services.serving.batches import Batches


class Table:
    """What look-ups ask for, a batch at a time; each waits until it may answer."""

    def __init__(self, **values: str) -> None:
        self.values = values
        self.batches: list[list[str]] = []
        self.may_answer = asyncio.Event()

    async def fetch(self, keys: Sequence[str]) -> Mapping[str, str]:
        self.batches.append(list(keys))
        await self.may_answer.wait()
        if "bad" in keys:
            raise ConnectionError("away")
        return {key: self.values[key] for key in keys if key in self.values}


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_first_look_ups_go_at_once_and_those_that_come_meanwhile_together() -> None:
    async def ask() -> tuple[list[str | None], list[list[str]]]:
        table = Table(a="A", b="B", c="C", d="D")
        batches = Batches(table.fetch)
        asked = []
        for key in ("a", "b", "c", "d", "c", "nobody"):
            asked.append(asyncio.ensure_future(batches.get(key)))
            await settle()
        table.may_answer.set()
        return await asyncio.gather(*asked), table.batches

    answers, batches = asyncio.run(ask())
    assert answers == ["A", "B", "C", "D", "C", None]
    assert batches == [["a"], ["b"], ["c", "d", "nobody"]]


def test_a_look_up_never_joins_a_batch_that_is_under_way() -> None:
    async def ask() -> list[str | None]:
        table = Table(a="old")
        batches = Batches(table.fetch)
        before = asyncio.ensure_future(batches.get("a"))
        await settle()
        after = asyncio.ensure_future(batches.get("a"))
        await settle()
        table.may_answer.set()
        assert len(table.batches) == 2
        return await asyncio.gather(before, after)

    assert asyncio.run(ask()) == ["old", "old"]


@pytest.mark.parametrize("fails_for", [["bad"], ["bad", "a"], ["bad", "a", "b"]])
def test_a_batch_that_fails_fails_for_all_of_its_look_ups_and_for_no_later_one(fails_for: list[str]) -> None:
    async def ask() -> list[str | BaseException | None]:
        table = Table(a="A", b="B")
        table.may_answer.set()
        batches = Batches(table.fetch)
        failed = await asyncio.gather(*map(batches.get, fails_for), return_exceptions=True)
        return [*failed, await batches.get("a")]

    *failed, later = asyncio.run(ask())
    assert [type(answer) for answer in failed] == [ConnectionError] * len(fails_for)
    assert later == "A"


def test_a_client_that_hangs_up_costs_the_others_nothing() -> None:
    async def ask() -> list[str | None]:
        table = Table(a="A")
        batches = Batches(table.fetch)
        asked = [asyncio.ensure_future(batches.get("a")) for _ in range(3)]
        await settle()
        asked[0].cancel()
        await settle()
        table.may_answer.set()
        return await asyncio.gather(*asked[1:])

    assert asyncio.run(ask()) == ["A", "A"]


def test_no_batch_is_longer_than_its_limit() -> None:
    async def ask() -> list[int]:
        table = Table()
        batches = Batches(table.fetch)
        asked = [asyncio.ensure_future(batches.get(str(number))) for number in range(200)]
        await settle()
        table.may_answer.set()
        assert await asyncio.gather(*asked) == [None] * 200
        return [len(batch) for batch in table.batches]

    sizes = asyncio.run(ask())
    assert sum(sizes) == 200
    assert max(sizes) == 64
