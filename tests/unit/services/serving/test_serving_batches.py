from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from services.serving.batches import Batches
from services.serving.errors import DatabaseUnreachable


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
            raise ValueError("bad")
        if "away" in keys:
            raise DatabaseUnreachable("away")
        return {key: self.values[key] for key in keys if key in self.values}


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_the_first_look_up_goes_at_once_and_those_that_come_meanwhile_together() -> None:
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
    assert batches == [["a"], ["b", "c", "d", "nobody"]]


def test_a_look_up_never_joins_a_batch_that_is_under_way() -> None:
    async def ask() -> list[str | None]:
        table = Table(a="old")
        batches = Batches(table.fetch)
        before = asyncio.ensure_future(batches.get("a"))
        await settle()
        after = asyncio.ensure_future(batches.get("a"))
        await settle()
        table.may_answer.set()
        answers = await asyncio.gather(before, after)
        assert table.batches == [["a"], ["a"]]
        return list(answers)

    assert asyncio.run(ask()) == ["old", "old"]


@pytest.mark.parametrize("fails_for", [["away"], ["away", "a"], ["away", "a", "b"]])
def test_a_batch_that_fails_fails_for_all_of_its_look_ups_and_for_no_later_one(fails_for: list[str]) -> None:
    async def ask() -> list[str | BaseException | None]:
        table = Table(a="A", b="B")
        table.may_answer.set()
        batches = Batches(table.fetch)
        failed = await asyncio.gather(*map(batches.get, fails_for), return_exceptions=True)
        return [*failed, await batches.get("a")]

    *failed, later = asyncio.run(ask())
    assert [type(answer) for answer in failed] == [DatabaseUnreachable] * len(fails_for)
    assert later == "A"


@pytest.mark.parametrize("asked", [["bad", "a", "b"], ["a", "bad", "b"], ["a", "b", "bad"], ["a", "bad", "bad"]])
def test_a_look_up_that_cannot_be_answered_fails_alone(asked: list[str]) -> None:
    async def ask() -> list[str | BaseException | None]:
        table = Table(a="A", b="B")
        table.may_answer.set()
        return await asyncio.gather(*map(Batches(table.fetch).get, asked), return_exceptions=True)

    for key, answer in zip(asked, asyncio.run(ask()), strict=True):
        assert isinstance(answer, ValueError) if key == "bad" else answer == key.upper()


def test_keys_that_belong_together_are_in_one_batch_however_many_they_are() -> None:
    async def ask() -> tuple[list[dict[str, str]], list[list[str]]]:
        table = Table(a="A", b="B", c="C", d="D")
        batches = Batches(table.fetch, most_keys=2)
        asked = [asyncio.ensure_future(batches.get_all(keys)) for keys in (["a"], ["b", "c", "d"], ["a", "x"], ["d"])]
        await settle()
        table.may_answer.set()
        return await asyncio.gather(*asked), table.batches

    answers, batches = asyncio.run(ask())
    assert answers == [{"a": "A"}, {"b": "B", "c": "C", "d": "D"}, {"a": "A"}, {"d": "D"}]
    assert batches == [["a"], ["b", "c", "d"], ["a", "x"], ["d"]]


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
