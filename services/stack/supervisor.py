"""The supervisor of a stack: start it, find it running, keep it running, stop it.

One supervisor owns a home at a time, by a file lock that its death releases. A second one attaches to what the first
runs, and stops nothing when it leaves.
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import boto3
import httpx
import psycopg

from aisle.errors import ConfigurationError, FinalError, UnusableSettings
from aisle.groups.dataset_group import dataset_groups
from aisle.pipeline import GROUP_STAGES
from aisle.warehouse import READER, admit_reader, migrate
from services.migrations import upgrade
from services.stack import airflow_database
from services.stack.airflow import AirflowClient
from services.stack.blueprint import (
    ADMIN,
    REGION,
    Addresses,
    airflow_components,
    airflow_environment,
    beside_airflow,
    bucket,
    endpoint,
    passwords_file,
)
from services.stack.postgres import EmbeddedPostgres, free_port
from services.stack.processes import Program, answers, environment_of, stop_all, sweep
from services.stack.running import DESCRIPTION, LOCK, read_addresses, stack_secrets, take_lock
from services.stack.secrets import write_private
from services.stack.settings import PREFIX, StackSettings, stack_settings
from services.stack.watch import Watch

AIRFLOW_DATABASE, WAREHOUSE_DATABASE = "airflow", "warehouse"
_HEALTHY_WITHIN_SECONDS = 180

Say = Callable[[str], None]


class StackDidNotStart(FinalError):
    """A program of the stack did not start; the message ends with the tail of its log."""


class Stack:
    """All programs of one home."""

    def __init__(self, settings: StackSettings | None = None, say: Say = lambda _: None) -> None:
        self.settings = settings or stack_settings()
        self.home = self.settings.home.resolve()
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.secrets = stack_secrets(self.settings, self.home)
        self.is_owner = False
        self._say = say
        self._postgres: EmbeddedPostgres | None = None
        self._programs: dict[str, Program] = {}
        self._lock: IO[str] | None = None
        self._addresses: Addresses | None = None
        self._watch: Watch | None = None

    # -- as a whole ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start everything, or attach to a running supervisor."""
        if not self._take_lock():
            self._attach()
            return
        self.is_owner = True
        try:
            self._bring_up()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything that this supervisor started; nothing if it only attached."""
        if not self.is_owner:
            return
        stop_all(list(self._programs.values()))
        sweep(self.home)
        if self._postgres is not None:
            self._postgres.stop()
        self._description.unlink(missing_ok=True)
        self.is_owner = False
        if self._lock is not None:
            self._lock.close()

    @contextmanager
    def running(self) -> Iterator[Stack]:
        self.start()
        try:
            yield self
        finally:
            self.stop()

    def watch(self) -> None:
        """Keep the programs running until interrupted."""
        while True:
            time.sleep(1)
            self.tend()

    def tend(self) -> None:
        """Restart programs that have ended, as `watch` does once a second. Raises KeepsEnding."""
        if self._watch is None:
            self._watch = Watch(self._postgres, self._programs, self._say)
        self._watch.tend()

    # -- one program --------------------------------------------------------------------------------------------

    def program(self, name: str) -> Program:
        return self._programs[name]

    @property
    def addresses(self) -> Addresses:
        if self._addresses is None:
            raise RuntimeError("the stack was not started")
        return self._addresses

    @property
    def airflow(self) -> AirflowClient:
        return AirflowClient(self.addresses.airflow, user=ADMIN, password=self.secrets.admin_password)

    @property
    def tended_airflow(self) -> AirflowClient:
        """Return a client of Airflow that restarts ended programs with every request."""
        tend = self.tend if self.is_owner else None  # whoever owns the stack tends it
        return AirflowClient(self.addresses.airflow, user=ADMIN, password=self.secrets.admin_password, tend=tend)

    @property
    def pids(self) -> list[int]:
        """The roots of this supervisor's process trees; empty if it only attached."""
        postgres = [self._postgres.pid] if self._postgres else []
        return [*postgres, *(program.pid for program in self._programs.values())]

    # -- starting -----------------------------------------------------------------------------------------------

    @property
    def _description(self) -> Path:
        return self.home / DESCRIPTION

    def _take_lock(self) -> bool:
        lock = (self.home / LOCK).open("a+")
        if not take_lock(lock):
            lock.close()
            return False
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        return True

    def _attach(self) -> None:
        self._say("a stack of this home is running: using it")
        deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
        while time.monotonic() < deadline:
            if self._description.exists():
                self._addresses = read_addresses(self.home)
                if self.airflow.is_healthy():
                    return
            time.sleep(0.5)
        raise StackDidNotStart(f"another process holds {self.home / LOCK}, but its stack does not answer")

    def _bring_up(self) -> None:
        self.home.chmod(0o700)
        leftover = sweep(self.home)
        if leftover:
            self._say(f"ended programs that an earlier stack had left: {leftover}")
        admin_url = self._start_postgres()
        self._addresses = self._choose_addresses(admin_url)
        _create_databases(admin_url)
        with ThreadPoolExecutor() as pool:
            migrated = pool.submit(self._migrate_warehouse)
            airflow_ready = pool.submit(self._make_airflow_ready)
            migrated.result()
            self._start_beside_airflow()
            self._create_bucket()
            environment = self._airflow_environment(self._first_order_at())
            airflow_ready.result()
        self._start_airflow(environment)
        write_private(self._description, json.dumps(asdict(self.addresses)))

    def _start_postgres(self) -> str:
        if self.settings.postgres_url:
            return self.settings.postgres_url
        self._say("starting PostgreSQL")
        self._postgres = EmbeddedPostgres(self.home / "postgres", port=self.settings.postgres_port)
        if self._postgres.needs_a_way:
            self.home.chmod(0o711)
        self._postgres.start()
        return self._postgres.url()

    def _choose_addresses(self, admin_url: str) -> Addresses:
        settings = self.settings
        s3_port, engine_port, company_port = map(self._port, ("s3_port", "engine_port", "company_api_port"))
        base = admin_url.rsplit("/", 1)[0]
        return Addresses(
            airflow_port=self._port("airflow_port"),
            serving_port=self._port("serving_port"),
            reports_port=self._port("reports_port"),
            engine_port=engine_port,
            company_api_port=company_port,
            s3_port=s3_port,
            # psycopg 3 types its parameters, and Airflow's query for the asset graph (3.3.2) does not bear that.
            airflow_database_url=f"{base}/{AIRFLOW_DATABASE}".replace("postgresql://", "postgresql+psycopg2://", 1),
            warehouse_url=f"{base}/{WAREHOUSE_DATABASE}",
            reader_url=f"{_as_user(base, READER, self.secrets.reader_password)}/{WAREHOUSE_DATABASE}",
            s3_endpoint=endpoint(settings.s3_endpoint_url, f"http://127.0.0.1:{s3_port}"),
            personalize_endpoint=endpoint(settings.personalize_endpoint_url, f"http://127.0.0.1:{engine_port}"),
            company_api=settings.company_api_url or f"http://127.0.0.1:{company_port}",
        )

    def _port(self, name: str) -> int:
        """Return the port of a setting. If another program has the default port, say so and take a free one.

        Raises UnusableSettings for a port that somebody has asked for.
        """
        port: int = getattr(self.settings, name)
        if not port:
            return free_port()
        if _is_free(port):
            return port
        variable, what = f"{PREFIX}{name.upper()}", name.removesuffix("_port").replace("_", "-")
        if name in self.settings.model_fields_set:
            raise UnusableSettings(f"another program listens on port {port}, which {variable} names; name another port")
        free = free_port()
        self._say(f"another program listens on port {port}: {what} is on {free} instead ({variable} chooses a port)")
        return free

    def _migrate_warehouse(self) -> None:
        migrate(self.addresses.warehouse_url)
        upgrade(self.addresses.warehouse_url)
        try:
            admit_reader(self.addresses.warehouse_url, self.secrets.reader_password)
        except psycopg.errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                f"making the role {READER}, by which the recommendations API reads: PostgreSQL refused: {error}; let "
                "the user of STACK_POSTGRES_URL create roles"
            ) from error

    def _make_airflow_ready(self) -> None:
        """Prepare Airflow's database; an outside one always, because others may have changed it."""
        about = self.home, self.addresses.airflow_database_url, self.settings.pools_file
        if self.settings.postgres_url or not airflow_database.is_ready(*about):
            self._say("starting Airflow's database")
            airflow_database.make_ready(*about, self._airflow_environment(""))

    def _airflow_environment(self, first_order_at: str) -> dict[str, str]:
        return airflow_environment(
            self.addresses, self.secrets, self.home,
            parallelism=self.settings.parallelism, first_order_at=first_order_at,
        )  # fmt: skip

    def _start_beside_airflow(self) -> None:
        replaced = {
            "s3": self.settings.s3_endpoint_url,
            "engine": self.settings.personalize_endpoint_url,
            "company-api": self.settings.company_api_url,
        }
        components = beside_airflow(self.addresses, self.secrets, self.home)
        self._launch([Program(component, self.home) for component in components if not replaced.get(component.name)])

    def _start_airflow(self, environment: dict[str, str]) -> None:
        self._say("starting Airflow")
        self._keep_password()
        started_at = datetime.now(UTC)
        components = airflow_components(environment, schedulers=self.settings.schedulers)
        self._launch([Program(component, self.home) for component in components])
        client = self.airflow
        self._wait_until(client.is_healthy, "Airflow")
        folder = Path(environment_of(environment, self.home)["AIRFLOW__CORE__DAGS_FOLDER"])
        not_gone_through = set(GROUP_STAGES).difference(dataset_groups()[0].stages)
        dag_ids = {path.stem for path in folder.glob("*.py")} - not_gone_through
        self._wait_until(lambda: client.lists_dags(dag_ids, started_at), "Airflow's list of DAGs")

    def _keep_password(self) -> None:
        """Give Airflow the administrator's password, beside those that it generated for others."""
        file = passwords_file(self.home)
        file.parent.mkdir(exist_ok=True)
        others = json.loads(file.read_text()) if file.exists() else {}
        write_private(file, json.dumps(others | {ADMIN: self.secrets.admin_password}))

    def _launch(self, programs: list[Program]) -> None:
        for program in programs:
            if program.component.health_url:
                self._say(f"starting {program.component.name}")
            program.start()
            self._programs[program.component.name] = program
        for program in programs:
            self._wait_until(program.is_healthy, program.component.name)

    def _wait_until(self, is_true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _HEALTHY_WITHIN_SECONDS
        while not is_true():
            for name, program in self._programs.items():
                if program.has_ended():
                    raise StackDidNotStart(f"{name} ended while starting; its log ends:\n{program.tail()}")
            if time.monotonic() > deadline:
                raise StackDidNotStart(f"{what} is not up after {_HEALTHY_WITHIN_SECONDS} s; see {self.home / 'logs'}")
            time.sleep(0.2)

    def _create_bucket(self) -> None:
        if not self.addresses.s3_endpoint:
            return  # a bucket of one's own account is made by its owner
        client = boto3.client(
            "s3", endpoint_url=self.addresses.s3_endpoint, region_name=REGION,
            aws_access_key_id=self.secrets.aws_access_key, aws_secret_access_key=self.secrets.aws_secret_key,
        )  # fmt: skip
        client.create_bucket(Bucket=bucket())

    def _first_order_at(self) -> str:
        """Return the time of the first order: the simulator knows it, for a real system a setting says it."""
        if self.settings.company_api_url or not answers(f"{self.addresses.company_api}/health"):
            return ""
        return str(httpx.get(f"{self.addresses.company_api}/health", timeout=5).json()["first_order_at"])


def _as_user(url: str, user: str, password: str) -> str:
    """Return `url` for another user; generated passwords need no escaping."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{user}:{password}@{parts.netloc.rpartition('@')[2]}").geturl()


def _is_free(port: int) -> bool:
    """Whether a port of loopback is free."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _create_databases(admin_url: str) -> None:
    try:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            for name in (AIRFLOW_DATABASE, WAREHOUSE_DATABASE):
                if not admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone():
                    admin.execute(psycopg.sql.SQL("create database {}").format(psycopg.sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise ConfigurationError(f"PostgreSQL at STACK_POSTGRES_URL cannot be used: {error}") from error
