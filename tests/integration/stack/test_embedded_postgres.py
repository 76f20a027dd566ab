"""The embedded server keeps what it acknowledged, whichever user starts it and however it dies."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aisle.errors import UnusableSettings
from services.stack.postgres import EmbeddedPostgres, free_port
from tests.waiting import wait_for


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "pg")
    yield server
    server.stop()


def test_acknowledged_rows_survive_kill_9(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create table kept (n integer)")
        connection.execute("insert into kept select generate_series(1, 1000)")
    os.kill(server.pid, signal.SIGKILL)
    wait_for(server.has_ended, "the killed server to end")
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert connection.execute("select count(*) from kept").fetchone() == (1000,)


def test_it_is_durable_and_asks_for_a_password(server: EmbeddedPostgres) -> None:
    server.start()
    with psycopg.connect(server.url()) as connection:
        settings = {
            name: connection.execute(f"show {name}").fetchone() for name in ("synchronous_commit", "fsync", "jit")
        }
    assert settings == {"synchronous_commit": ("on",), "fsync": ("on",), "jit": ("off",)}
    without_password = server.url().replace(server.url().split(":")[2].split("@")[0], "wrong")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(without_password)


def test_starts_at_the_same_time_give_one_server(tmp_path: Path) -> None:
    servers = [EmbeddedPostgres(tmp_path / "pg") for _ in range(4)]
    threads = [threading.Thread(target=server.start) for server in servers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({server.pid for server in servers}) == 1
    servers[0].stop()
    assert not servers[1].is_ready()


def test_a_start_that_died_inside_initdb_is_begun_again(server: EmbeddedPostgres) -> None:
    server.data.mkdir(parents=True)
    (server.data / "PG_VERSION").write_text("18\n")  # what a killed initdb leaves
    server.start()
    assert server.is_ready()


def test_a_port_that_was_chosen_and_is_taken_is_refused(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    other = EmbeddedPostgres(tmp_path / "other", port=server.port)
    with pytest.raises(UnusableSettings, match=f"port {server.port}.*STACK_POSTGRES_PORT"):
        other.start()


def test_the_port_of_the_last_start_is_replaced_where_it_is_taken(server: EmbeddedPostgres, tmp_path: Path) -> None:
    server.start()
    other = EmbeddedPostgres(tmp_path / "other")
    other.home.mkdir(parents=True)
    (other.home / "port").write_text(str(server.port))
    other.start()
    try:
        assert other.port != server.port
    finally:
        other.stop()


def test_a_port_that_is_chosen_later_counts_from_the_next_start(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    chosen = EmbeddedPostgres(server.home, port=free_port())
    chosen.start()
    assert chosen.port == chosen._chosen_port


def test_a_plain_user_runs_it_too(tmp_path: Path) -> None:
    """As root, the test becomes another user first (keeping only the right to read the interpreter's folder)."""
    program = (
        "import sys; from pathlib import Path; from services.stack.postgres import EmbeddedPostgres as E\n"
        "import psycopg\n"
        "server = E(Path(sys.argv[1])); server.start()\n"
        "print(psycopg.connect(server.url()).execute('select 41 + 1').fetchone()[0]); server.stop()"
    )
    home = tmp_path / "plain"
    home.mkdir()
    prefix: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root without setpriv cannot become a plain user")
        user = pwd.getpwnam("daemon")
        os.chown(home, user.pw_uid, user.pw_gid)
        capability = "-all,+dac_read_search"
        prefix = [
            "setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", f"--inh-caps={capability}",
            f"--ambient-caps={capability}", f"--bounding-set={capability}",
        ]  # fmt: skip
    command = [*prefix, sys.executable, "-c", program, str(home / "pg")]
    finished = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert finished.stdout.strip() == "42", finished.stderr
