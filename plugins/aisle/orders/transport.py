"""Transport: one answer over HTTP, within a limit of time and a limit of size, both of the answer as a whole.

httpx limits each read from the socket, so that a server which drips holds a worker for ever; and it decompresses
whatever comes, so that a small body becomes as large as it likes. Hence asyncio's time limit, and zlib by hand.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Coroutine
from dataclasses import dataclass
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

import httpx

from aisle.errors import CompanyApiUnavailable, ContractBroken

if TYPE_CHECKING:
    from zlib import _Decompress

_MEGABYTE = 1_000_000
#: What zlib calls a gzip stream.
_GZIP = zlib.MAX_WBITS | 16
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Received:
    """A whole answer, its body decompressed."""

    status: int
    headers: httpx.Headers
    body: bytes


class Transport:
    """A connection to one server.

    Its event loop has a thread of its own: the caller's thread may be running a loop already.
    """

    def __init__(self, base_url: str, token: str, *, timeout_seconds: float, max_megabytes: float) -> None:
        self.base_url = base_url
        self._timeout_seconds = timeout_seconds
        self._max_megabytes = max_megabytes
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="company-api", daemon=True)
        self._thread.start()
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json", "Accept-Encoding": "gzip"},
            timeout=None,
        )

    def close(self) -> None:
        self._run(self._http.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def get(self, path: str, query: dict[str, str | int], asked: str) -> Received:
        """The answer. Raises CompanyApiUnavailable if none comes whole in time, ContractBroken if too large."""
        try:
            return self._run(self._get(path, query, asked))
        except TimeoutError as error:
            raise CompanyApiUnavailable(
                f"{asked} from {self.base_url}: no whole answer within {self._timeout_seconds:g} s; look whether the "
                "company API is up, ask for fewer orders per page (AISLE_INGEST__PAGE_ORDERS) or allow more time "
                "(AISLE_INGEST__TIMEOUT_SECONDS), then run the DAG again: it begins at the watermark"
            ) from error
        except httpx.RequestError as error:
            raise CompanyApiUnavailable(
                f"{asked} from {self.base_url}: no whole answer ({type(error).__name__}: {error}); "
                "look whether the company API is up, then run the DAG again: it begins at the watermark"
            ) from error

    def _run(self, coroutine: Coroutine[None, None, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _get(self, path: str, query: dict[str, str | int], asked: str) -> Received:
        async with asyncio.timeout(self._timeout_seconds), self._http.stream("GET", path, params=query) as response:
            return Received(response.status_code, response.headers, await self._body(response, asked))

    async def _body(self, response: httpx.Response, asked: str) -> bytes:
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("gzip", "x-gzip", "identity", ""):
            raise ContractBroken(
                f"{asked}: an answer in the encoding {encoding[:20]!r}, which was not asked for; have the company API "
                "heed Accept-Encoding"
            )
        body, limit = bytearray(), int(self._max_megabytes * _MEGABYTE)
        unpacker = zlib.decompressobj(_GZIP) if "gzip" in encoding else None
        async for chunk in response.aiter_raw():
            body += _unpacked(unpacker, chunk, limit - len(body) + 1, asked) if unpacker else chunk
            if len(body) > limit:
                raise ContractBroken(
                    f"{asked}: an answer of more than {self._max_megabytes:g} MB; ask for fewer orders per page "
                    "(AISLE_INGEST__PAGE_ORDERS), or allow more (AISLE_INGEST__MAX_PAGE_MEGABYTES)"
                )
        if unpacker and not unpacker.eof:
            raise CompanyApiUnavailable(
                f"{asked}: a gzip body that ends too early, behind {len(body)} bytes; look whether something between "
                "cuts answers off, then run the DAG again: it begins at the watermark"
            )
        return bytes(body)


def _unpacked(unpacker: _Decompress, chunk: bytes, max_bytes: int, asked: str) -> bytes:
    try:
        return unpacker.decompress(chunk, max_bytes)
    except zlib.error as error:
        raise CompanyApiUnavailable(
            f"{asked}: a body that is no gzip, though its head says so ({error}); look whether something between "
            "changes answers, then run the DAG again: it begins at the watermark"
        ) from error
