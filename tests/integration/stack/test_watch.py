"""A program that ends is started again, PostgreSQL before what needs it; one that keeps ending is not."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from services.stack.blueprint import Component
from services.stack.postgres import EmbeddedPostgres
from services.stack.processes import Program, stop_all
from services.stack.watch import RESTARTS, WITHIN_SECONDS, KeepsEnding, Watch
from tests.waiting import wait_for

#: Ends when it loses the database, and at once when it starts without one.
CLIENT = """
import os, psycopg
with psycopg.connect(os.environ["DATABASE"], autocommit=True) as connection:
    connection.execute("create table if not exists starts (n integer)")
    connection.execute("insert into starts values (1)")
    connection.execute("select pg_sleep(3600)")
"""


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(tmp_path / "postgres")
    server.start()
    yield server
    server.stop()


def starts(postgres: EmbeddedPostgres) -> int:
    try:
        with psycopg.connect(postgres.url()) as connection:
            row = connection.execute("select count(*) from starts").fetchone()
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return 0
    return row[0] if row else 0


def test_a_killed_postgresql_comes_back_before_the_programs_that_fell_with_it(
    postgres: EmbeddedPostgres, tmp_path: Path
) -> None:
    said: list[str] = []
    client = Program(Component("client", ("python", "-c", CLIENT), {"DATABASE": postgres.url()}), tmp_path)
    watch = Watch(postgres, {"client": client}, said.append)
    client.start()
    try:
        for n_starts in (1, 2, 3):
            wait_for(lambda n_starts=n_starts: starts(postgres) == n_starts, f"start {n_starts}")  # type: ignore[misc]
            port, pid = postgres.port, postgres.pid
            os.kill(pid, signal.SIGKILL)
            wait_for(client.has_ended, "the client to lose its database")
            watch.tend()
            assert (postgres.port, postgres.is_ready()) == (port, True)
            assert postgres.pid != pid
        wait_for(lambda: starts(postgres) == 4, "the client to come back")
    finally:
        stop_all([client])
    assert said == ["PostgreSQL has ended, starting it again", "client has ended, starting it again"] * 3


def test_a_running_server_is_left_alone(postgres: EmbeddedPostgres) -> None:
    pid = postgres.pid
    Watch(postgres, {}, lambda _: pytest.fail("nothing has ended")).tend()
    assert postgres.pid == pid
    assert not postgres.has_ended()


def test_a_session_that_is_busy_for_hours_does_not_keep_the_server_from_coming_back(postgres: EmbeddedPostgres) -> None:
    """It holds the memory of the killed server until it looks up from its work."""
    busy = psycopg.connect(postgres.url(), autocommit=True)
    asked = threading.Event()

    def count() -> None:
        asked.set()
        with pytest.raises(psycopg.OperationalError):
            busy.execute("select count(*) from generate_series(1, 20000000) a cross join generate_series(1, 100000) b")

    session = threading.Thread(target=count)
    session.start()
    asked.wait()
    with psycopg.connect(postgres.url()) as other:
        active = "select count(*) from pg_stat_activity where state = 'active' and query like '%%generate_series%%'"
        wait_for(lambda: other.execute(active).fetchone() == (2,), "two active sessions")
    os.kill(postgres.pid, signal.SIGKILL)
    wait_for(postgres.has_ended, "the server to end")
    Watch(postgres, {}, lambda _: None).tend()
    assert postgres.is_ready()
    session.join(60)


@pytest.mark.parametrize("seconds_between", [0.0, 1.0, WITHIN_SECONDS / RESTARTS - 1])
def test_a_program_that_keeps_ending_is_given_up_with_its_log(tmp_path: Path, seconds_between: float) -> None:
    clock, said = [0.0], list[str]()
    program = Program(Component("broken", ("python", "-c", "raise SystemExit('no such setting')")), tmp_path)
    watch = Watch(None, {"broken": program}, said.append, now=lambda: clock[0])
    program.start()
    for _ in range(RESTARTS):
        program.wait(60)
        watch.tend()
        clock[0] += seconds_between
    program.wait(60)
    with pytest.raises(KeepsEnding, match=r"broken[\s\S]*no such setting"):
        watch.tend()
    assert len(said) == RESTARTS


def test_ends_that_are_far_apart_are_forgotten(tmp_path: Path) -> None:
    clock, said = [0.0], list[str]()
    program = Program(Component("rare", ("python", "-c", "")), tmp_path)
    watch = Watch(None, {"rare": program}, said.append, now=lambda: clock[0])
    program.start()
    for _ in range(2 * RESTARTS):
        program.wait(60)
        watch.tend()
        clock[0] += WITHIN_SECONDS / RESTARTS + 1
    stop_all([program])
    assert len(said) == 2 * RESTARTS


def test_one_that_keeps_ending_does_not_use_up_the_restarts_of_another(tmp_path: Path) -> None:
    programs = {name: Program(Component(name, ("python", "-c", "")), tmp_path) for name in ("first", "second")}
    watch = Watch(None, programs, lambda _: None, now=lambda: 0.0)
    programs["first"].start()
    for _ in range(RESTARTS):
        programs["first"].wait(60)
        watch.tend()
    programs["second"].start()
    programs["second"].wait(60)
    with pytest.raises(KeepsEnding, match="first"):
        wait_for(lambda: watch.tend() is not None, "the first program to be given up")
    del programs["first"]
    watch.tend()
    stop_all([programs["second"]])
