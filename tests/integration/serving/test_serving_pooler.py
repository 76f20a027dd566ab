"""Behind PgBouncer in transaction mode, where each transaction may get another connection to the database."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from services.serving.errors import DatabaseUnreachable
from services.stack.postgres import free_port
from tests.integration.serving.conftest import opened
from tests.serving_shop import Shop
from tests.waiting import wait_for

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(PGBOUNCER is None, reason="pgbouncer is not installed (Debian package pgbouncer)")

N_USERS = 200
N_READERS = 8
#: With 6250, each of eight readers looks 12,500 lists up: 100,000 in all.
N_LOOK_UPS = int(os.environ.get("POOLER_LOOK_UPS", "150"))

CONFIGURATION = """
[databases]
warehouse = {server}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
"""


@pytest.fixture
def pooled(warehouse_url: str, tmp_path: Path) -> Iterator[str]:
    """The warehouse by way of a pooler that has fewer connections to it than it has clients."""
    given = conninfo_to_dict(warehouse_url)
    port = free_port()
    server = " ".join(f"{name}={value}" for name, value in given.items() if name in ("host", "port", "dbname", "user"))
    if "password" in given:
        server += f" password={given['password']}"
    (tmp_path / "pgbouncer.ini").write_text(CONFIGURATION.format(server=server, port=port))
    for folder in (tmp_path, *tmp_path.parents):
        if folder.owner() == "root" and folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o711)
    (tmp_path / "pgbouncer.ini").chmod(0o644)
    as_nobody = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    assert PGBOUNCER
    with (tmp_path / "log").open("w") as log:
        program = subprocess.Popen([PGBOUNCER, str(tmp_path / "pgbouncer.ini")], stderr=log, stdout=log, **as_nobody)  # type: ignore[call-overload]
    url = f"postgresql://anybody@127.0.0.1:{port}/warehouse"

    def answers() -> bool:
        assert program.poll() is None, (tmp_path / "log").read_text()
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    try:
        wait_for(answers, lambda: "PgBouncer to answer: " + (tmp_path / "log").read_text())
        yield url
    finally:
        program.terminate()
        program.wait(timeout=30)


@pytest.fixture
def filled(shop: Shop) -> Shop:
    """Users and items whose lists name whose they are."""
    for subject, table in (("u", "offline_user_recommendations"), ("i", "offline_similar_items")):
        shop.run(
            f"insert into cache.{table} select %(subject)s || n, jsonb_build_array(jsonb_build_object('product_id', "
            f"'of-' || %(subject)s || n, 'score', 1)), now(), 'engine', 'g2' from generate_series(1, {N_USERS}) as n",
            subject=subject,
        )
    shop.publish()
    return shop


def test_look_ups_of_users_and_items_by_eight_readers_are_all_right(filled: Shop, pooled: str) -> None:
    async def read(reader: int) -> int:
        """One reader has connections of its own, as a worker process has."""
        async with opened(pooled, pool_size=2, has_sessions=False) as serving:
            for number in range(N_LOOK_UPS):
                n = (reader * 31 + number) % N_USERS + 1
                user, item = await asyncio.gather(
                    serving.repository.list_of("users", f"u{n}"), serving.repository.list_of("items", f"i{n}")
                )
                assert user is not None
                assert item is not None
                assert [user.products[0].product_id, item.products[0].product_id] == [f"of-u{n}", f"of-i{n}"]
        return 2 * N_LOOK_UPS

    async def all_readers() -> list[int]:
        return await asyncio.gather(*map(read, range(N_READERS)))

    assert sum(asyncio.run(all_readers())) == 2 * N_READERS * N_LOOK_UPS


@pytest.mark.parametrize(
    "change",
    [
        "delete from cache.offline_user_recommendations returning 1",
        "update cache.generations set state = 'retired' returning 1",
        "insert into cache.groups values ('x', 'y', 1) returning 1",
    ],
)
def test_a_read_changes_nothing(filled: Shop, pooled: str, change: str) -> None:
    async def attempt() -> None:
        async with opened(pooled, has_sessions=False) as serving:
            await serving.database.fetch(change)

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        asyncio.run(attempt())


def test_a_read_has_its_time_limit_and_a_write_may_write(filled: Shop, pooled: str) -> None:
    async def limits() -> tuple[object, object]:
        async with opened(pooled, has_sessions=False) as serving:
            ((read,),) = await serving.database.fetch("show statement_timeout")
            ((written,),) = (await serving.database.write(["delete from cache.groups", "show statement_timeout"], {}))[
                1:
            ]
            return read, written[0]

    assert asyncio.run(limits()) == ("5s", "5s")


def test_the_api_answers_behind_the_pooler(filled: Shop, pooled: str) -> None:
    api = filled.api(database_url=pooled, transaction_pooling=True)
    for n in range(1, 60):
        answer = api.get(f"/api/v1/recommendations/u{n}").json()
        assert [item["item_id"] for item in answer["items"]] == [f"of-u{n}"]
        assert answer["source"] == "cache"


def test_a_pooler_that_is_away_is_said_so() -> None:
    async def look() -> None:
        async with opened(f"postgresql://anybody@127.0.0.1:{free_port()}/warehouse", has_sessions=False) as serving:
            await serving.repository.list_of("users", "u1")

    with pytest.raises(DatabaseUnreachable):
        asyncio.run(look())
