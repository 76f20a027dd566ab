# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Share an async client among all hooks with the same configuration in one event loop.

A triggerer waits for a thousand tasks at once. A client for each would take some 15 ms of CPU, 300 kB of
memory and a connection per task, for one short call a minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager
from typing import Any
from weakref import WeakKeyDictionary

Connect = Callable[[], Awaitable[AbstractAsyncContextManager[Any]]]


class SharedClient(AbstractAsyncContextManager[Any]):
    """
    An async client that is open while it has users.

    :param connect: Creates the client, to be entered.
    """

    def __init__(self, connect: Connect) -> None:
        self._connect = connect
        self._changing = asyncio.Lock()
        self._n_users = 0

    async def __aenter__(self) -> Any:
        async with self._changing:
            if not self._n_users:
                self._context = await self._connect()
                self._client = await self._context.__aenter__()
            self._n_users += 1
        return self._client

    async def __aexit__(self, *_: object) -> None:
        async with self._changing:
            self._n_users -= 1
            if not self._n_users:
                await self._context.__aexit__(None, None, None)


_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Hashable, SharedClient]] = WeakKeyDictionary()


def shared_client(key: Hashable, connect: Connect) -> SharedClient:
    """
    Get the client of the running event loop that has this key.

    :param key: Configuration of the client.
    :param connect: Creates the client, to be entered, if none has this key.
    """
    return _clients.setdefault(asyncio.get_running_loop(), {}).setdefault(key, SharedClient(connect))
