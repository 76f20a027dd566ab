from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import msgspec
import psycopg
import pytest

from aisle.batch.ranking import Subject
from aisle.batch.records import Record
from aisle.cache.generations import CacheIsBusy, Generation, NothingStaged, generation_in_state, rollback, switch
from aisle.cache.staging import stage
from aisle.errors import ConfigurationError
from aisle.groups.dataset_group import dataset_groups

FIRST = dataset_groups()[0]
N_USERS, N_ITEMS = 300, 40
USERS = "select generation, count(*) from cache.offline_user_recommendations group by generation"
ITEMS = "select generation, count(*) from cache.offline_similar_items group by generation"
BOTH = f"with users as ({USERS}), items as ({ITEMS}) select * from users, items"


def output(subject: Subject, count: int) -> Iterator[Record]:
    name = "userId" if subject == "users" else "itemId"
    for number in range(1, count + 1):
        line = {"input": {name: f"{subject}-{number}"}, "output": {"recommendedItems": ["p1", "p2"]}}
        yield Record("x.out", number, json.dumps(line).encode())


def stage_both(url: str, generation: str) -> Generation:
    users = stage(output("users", N_USERS), "users", generation, "engine", FIRST, url)
    items = stage(output("items", N_ITEMS), "items", generation, "engine", FIRST, url)
    return Generation(
        generation=generation,
        user_lists=users.lists,
        item_lists=items.lists,
        users_asked=users.lines,
        items_asked=items.lines,
        solution_versions={"users": "arn:users", "items": None},
    )


def publish(url: str, generation: str) -> None:
    assert switch(stage_both(url, generation), FIRST, url)


def fetch(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def live(url: str) -> str:
    """The one generation that both live tables hold, whole."""
    ((users, n_users, items, n_items),) = fetch(url, BOTH)
    assert users == items
    assert (n_users, n_items) == (N_USERS, N_ITEMS)
    return str(users)


def shape(url: str) -> list[tuple[object, ...]]:
    """Columns, keys and constraints of the tables that have the live names."""
    return fetch(
        url,
        """
        select table_name, column_name, data_type, is_nullable, character_maximum_length
        from information_schema.columns where table_schema = 'cache' and table_name !~ '__' union all
        select tablename, indexname, indexdef, null, null from pg_indexes
        where schemaname = 'cache' and tablename !~ '__' union all
        select conrelid::regclass::text, conname, pg_get_constraintdef(oid), null, null
        from pg_constraint where connamespace = 'cache'::regnamespace and conrelid::regclass::text !~ '__'
        order by 1, 2, 3
        """,
    )


def states(url: str) -> dict[object, object]:
    return dict(fetch(url, "select generation, state from cache.generations"))


def test_generations_move_from_live_to_previous_to_retired(warehouse_url: str) -> None:
    before = shape(warehouse_url)
    for generation in ("g1", "g2", "g3"):
        publish(warehouse_url, generation)
        assert live(warehouse_url) == generation
    assert states(warehouse_url) == {"g1": "retired", "g2": "previous", "g3": "live"}
    assert generation_in_state("live", FIRST, warehouse_url) == "g3"
    assert shape(warehouse_url) == before
    assert fetch(warehouse_url, "select distinct generation from cache.offline_similar_items__previous") == [("g2",)]


def test_the_row_of_a_generation_says_what_was_asked_and_answered(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    columns = "user_lists, item_lists, users_asked, items_asked, solution_versions"
    expected = (N_USERS, N_ITEMS, N_USERS, N_ITEMS, {"users": "arn:users", "items": None})
    assert fetch(warehouse_url, f"select {columns} from cache.generations") == [expected]


def test_rollback_exchanges_live_and_previous_and_can_be_undone(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    publish(warehouse_url, "g2")
    before = shape(warehouse_url)
    for expected, other in (("g1", "g2"), ("g2", "g1")):
        assert rollback(FIRST, warehouse_url) == expected
        assert live(warehouse_url) == expected
        assert states(warehouse_url) == {expected: "live", other: "previous"}
        assert shape(warehouse_url) == before


def test_a_generation_that_was_rolled_back_can_be_published_again(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    publish(warehouse_url, "g2")
    rollback(FIRST, warehouse_url)
    publish(warehouse_url, "g2")
    assert live(warehouse_url) == "g2"
    assert states(warehouse_url) == {"g1": "previous", "g2": "live"}


def test_rollback_needs_a_previous_generation(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    with pytest.raises(ConfigurationError, match="no previous generation"):
        rollback(FIRST, warehouse_url)
    assert live(warehouse_url) == "g1"


def test_a_run_that_publishes_itself_again_keeps_the_previous_generation(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    publish(warehouse_url, "g2")
    publish(warehouse_url, "g2")
    assert states(warehouse_url) == {"g1": "previous", "g2": "live"}
    assert rollback(FIRST, warehouse_url) == "g1"
    assert live(warehouse_url) == "g1"


def test_a_second_try_after_the_switch_notices_that_it_is_done(warehouse_url: str) -> None:
    new = stage_both(warehouse_url, "g1")
    assert switch(new, FIRST, warehouse_url)
    assert not switch(new, FIRST, warehouse_url)
    assert live(warehouse_url) == "g1"


def test_staging_tables_of_another_run_never_go_live(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    stage(output("users", 5), "users", "g3", "engine", FIRST, warehouse_url)
    stale = stage_both(warehouse_url, "g2")
    stage(output("users", 5), "users", "g3", "engine", FIRST, warehouse_url)
    with pytest.raises(NothingStaged, match=r"g2.*\['g2', 'g3'\]"):
        switch(stale, FIRST, warehouse_url)
    assert live(warehouse_url) == "g1"


def test_nothing_goes_live_without_staging(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    missing = Generation(
        generation="g2", user_lists=1, item_lists=1, users_asked=1, items_asked=1, solution_versions={}
    )
    with pytest.raises(NothingStaged):
        switch(missing, FIRST, warehouse_url)
    assert live(warehouse_url) == "g1"


def test_rejected_records_are_dropped_with_their_generation(warehouse_url: str) -> None:
    for generation in ("g1", "g2", "g3"):
        new = stage_both(warehouse_url, generation)
        stage(
            [*output("users", N_USERS), Record("y.out", 1, b"nonsense")],
            "users",
            generation,
            "engine",
            FIRST,
            warehouse_url,
        )
        switch(new, FIRST, warehouse_url)
    assert fetch(warehouse_url, "select generation from cache.rejected_records order by 1") == [("g2",), ("g3",)]


class Reader(threading.Thread):
    """Reads in a loop until it is stopped, and keeps everything it saw that was not one whole generation."""

    def __init__(self, url: str, query: str, isolation: psycopg.IsolationLevel) -> None:
        super().__init__(daemon=True)
        self.url, self.query, self.isolation = url, query, isolation
        self.stopped, self.n_reads, self.seen, self.wrong = threading.Event(), 0, set[object](), list[object]()

    def run(self) -> None:
        try:
            with psycopg.connect(self.url, prepare_threshold=1) as connection:
                connection.isolation_level = self.isolation
                while not self.stopped.is_set():
                    with connection.transaction():
                        self._check_rows(connection.execute(self.query.encode()).fetchall())
        except psycopg.Error as error:
            self.wrong.append(error)

    def _check_rows(self, rows: list[tuple[object, ...]]) -> None:
        self.n_reads += 1
        names, counts = {name for row in rows for name in row[::2]}, {count for row in rows for count in row[1::2]}
        if len(rows) != 1 or len(names) != 1 or not counts <= {N_USERS, N_ITEMS}:
            self.wrong.append(rows)
        self.seen |= names


@contextmanager
def readers(url: str) -> Iterator[list[Reader]]:
    isolations = (psycopg.IsolationLevel.READ_COMMITTED, psycopg.IsolationLevel.REPEATABLE_READ)
    all_readers = [Reader(url, query, isolation) for query in (USERS, ITEMS, BOTH) for isolation in isolations]
    for reader in all_readers:
        reader.start()
    yield all_readers
    for reader in all_readers:
        reader.stopped.set()
    for reader in all_readers:
        reader.join(timeout=120)


def test_readers_see_one_whole_generation_through_switches_and_rollbacks(warehouse_url: str) -> None:
    publish(warehouse_url, "g0")
    with readers(warehouse_url) as all_readers:
        for number in range(1, 6):
            publish(warehouse_url, f"g{number}")
            rollback(FIRST, warehouse_url)
    assert [reader.wrong for reader in all_readers] == [[]] * 6
    assert all(reader.n_reads > 20 and len(reader.seen) > 2 for reader in all_readers)


def test_a_snapshot_older_than_the_load_finds_the_new_table_full(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    with psycopg.connect(warehouse_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1 from cache.generations")
        publish(warehouse_url, "g2")
        assert reader.execute(BOTH.encode()).fetchall() == [("g2", N_USERS, "g2", N_ITEMS)]


def test_a_reader_who_holds_on_delays_the_switch_but_is_not_harmed(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    new = stage_both(warehouse_url, "g2")
    with psycopg.connect(warehouse_url) as reader, ThreadPoolExecutor(1) as other:
        reader.execute(ITEMS)  # the second table first: with the switch waiting for it, a deadlock is near
        switching = other.submit(switch, new, FIRST, warehouse_url, patience_seconds=120)
        # PostgreSQL looks for deadlocks after deadlock_timeout (1 s): a session that waits from then on is the victim.
        time.sleep(1.5)
        assert reader.execute(USERS).fetchall() == [("g1", N_USERS)]
        assert not switching.done()
        reader.rollback()
        assert switching.result()
    assert live(warehouse_url) == "g2"


def test_a_switch_gives_up_on_a_reader_who_never_lets_go(warehouse_url: str) -> None:
    publish(warehouse_url, "g1")
    new = stage_both(warehouse_url, "g2")
    with psycopg.connect(warehouse_url) as reader:
        reader.execute(ITEMS)
        with pytest.raises(CacheIsBusy, match="pg_stat_activity"):
            switch(new, FIRST, warehouse_url, patience_seconds=0.6)
    assert live(warehouse_url) == "g1"
    assert switch(new, FIRST, warehouse_url)


@pytest.mark.parametrize(
    "step",
    [
        "cache/lists/lock",
        "cache/lists/drop",
        "cache/lists/rename",
        "cache/generations/set_aside",
        "cache/rejected_records/forget_retired",
    ],
)
def test_a_switch_that_is_killed_leaves_the_live_generation(warehouse_url: str, step: str) -> None:
    publish(warehouse_url, "g1")
    new = stage_both(warehouse_url, "g2")
    program = f"""
import os, signal, msgspec
from aisle.groups.dataset_group import dataset_groups
from aisle.cache import generations

FIRST = dataset_groups()[0]
first, *_ = dataset_groups()
whole = generations._run
def dying(connection, name, group, **parts):
    whole(connection, name, group, **parts)
    if name == {step!r}:
        os.kill(os.getpid(), signal.SIGKILL)
generations._run = dying
new = msgspec.json.decode({msgspec.json.encode(new)!r}, type=generations.Generation)
generations.switch(new, first, {warehouse_url!r})
"""
    died = subprocess.run([sys.executable, "-c", program], check=False, env=os.environ)
    assert died.returncode == -signal.SIGKILL
    assert live(warehouse_url) == "g1"
    assert switch(new, FIRST, warehouse_url)
    assert live(warehouse_url) == "g2"
