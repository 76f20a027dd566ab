"""A thousand waits of one triggerer use one client."""

from __future__ import annotations

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from airflow_personalize.hooks import shared_client as shared_client_module
from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.hooks.shared_client import shared_client
from airflow_personalize.triggers.personalize import PersonalizeCampaignActiveTrigger


class Client(AbstractAsyncContextManager["Client"]):
    """A client that says whether it is open."""

    made = 0

    def __init__(self) -> None:
        Client.made += 1
        self.is_open = False

    async def __aenter__(self) -> Client:
        self.is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_open = False


async def connect() -> Client:
    await asyncio.sleep(0)  # others get their turn while a client connects
    return Client()


async def refuse() -> Client:
    raise ConnectionError("not now")


@pytest.fixture(autouse=True)
def _none_made() -> None:
    Client.made = 0


def test_all_users_at_a_time_have_the_same_client_and_the_last_closes_it() -> None:
    async def use(all_three: asyncio.Barrier) -> tuple[Client, bool]:
        async with shared_client("a", connect) as client:
            await all_three.wait()
            return client, client.is_open

    async def scenario() -> Any:
        return await asyncio.gather(*map(use, [asyncio.Barrier(3)] * 3))

    used = asyncio.run(scenario())
    assert {client for client, _ in used} == {used[0][0]}
    assert [was_open for _, was_open in used] == [True, True, True]
    assert not used[0][0].is_open
    assert Client.made == 1


def test_after_the_last_user_comes_a_new_client() -> None:
    async def scenario() -> None:
        for _ in range(2):
            async with shared_client("a", connect) as client:
                assert client.is_open

    asyncio.run(scenario())
    assert Client.made == 2


def test_another_set_up_is_another_client() -> None:
    async def scenario() -> bool:
        async with shared_client("a", connect) as first, shared_client("b", connect) as second:
            return first is not second

    assert asyncio.run(scenario())


def test_a_user_that_is_cancelled_leaves_the_client_to_the_others() -> None:
    async def use(has_begun: asyncio.Event) -> None:
        async with shared_client("a", connect):
            has_begun.set()
            await asyncio.Event().wait()

    async def scenario() -> bool:
        async with shared_client("a", connect) as client:
            has_begun = asyncio.Event()
            other = asyncio.ensure_future(use(has_begun))
            await has_begun.wait()
            other.cancel()
            await asyncio.wait([other])
            return bool(client.is_open)

    assert asyncio.run(scenario())


def test_a_connection_that_fails_is_tried_again_by_the_next() -> None:
    async def scenario() -> bool:
        client = shared_client("a", refuse)
        with pytest.raises(ConnectionError):
            await client.__aenter__()
        client._connect = connect
        async with client as opened:
            return bool(opened.is_open)

    assert asyncio.run(scenario())


def test_event_loops_do_not_share() -> None:
    async def scenario() -> Any:
        return shared_client("a", connect)

    assert asyncio.run(scenario()) is not asyncio.run(scenario())


def connection(password: str) -> str:
    extra = {"region_name": "us-east-1", "config_kwargs": {"retries": {"mode": "standard"}}}
    return json.dumps({"conn_type": "aws", "login": "aisle", "password": password, "extra": extra})


async def client_of(**arguments: Any) -> Any:
    return await PersonalizeHook(**arguments).get_async_conn()


def test_hooks_that_are_set_up_alike_share(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> list[bool]:
        first = await client_of()
        same = [first is await client_of(), first is await client_of(region_name="eu-west-1")]
        monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection("rotated"))
        return [*same, first is await client_of()]

    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", connection("secret"))
    assert asyncio.run(scenario()) == [True, False, False]


@pytest.mark.parametrize("secret", ["AKIA-login", "s3cret-password", "t0ken-of-the-session"])
def test_no_credential_is_in_the_key_of_a_client(secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = {"region_name": "us-east-1", "aws_session_token": "t0ken-of-the-session"}
    connection = {"conn_type": "aws", "login": "AKIA-login", "password": "s3cret-password", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps(connection))

    async def scenario() -> str:
        await client_of()
        return repr([key for clients in shared_client_module._clients.values() for key in clients])

    keys = asyncio.run(scenario())
    assert len(keys) > 32
    assert secret not in keys


def test_many_waits_make_one_client(answers: list[tuple[int, dict[str, Any]]], monkeypatch: pytest.MonkeyPatch) -> None:
    answers += [(200, {"campaign": {"campaignArn": "campaign/0", "status": "ACTIVE"}})] * 5
    made = []
    make = PersonalizeHook.get_client_type

    def count(self: Any, *arguments: Any, **more: Any) -> Any:
        made.append(self)
        return make(self, *arguments, **more)

    monkeypatch.setattr(PersonalizeHook, "get_client_type", count)

    async def wait(number: int) -> Any:
        return (await anext(PersonalizeCampaignActiveTrigger(arn=f"campaign/{number}").run())).payload["status"]

    async def scenario() -> Any:
        return await asyncio.gather(*map(wait, range(5)))

    assert asyncio.run(scenario()) == ["success"] * 5
    assert len(made) < 5
