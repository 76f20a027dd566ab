"""Find running stacks from any terminal: each holds the lock of its home and describes itself there."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from aisle.errors import ConfigurationError
from services.stack.blueprint import Addresses
from services.stack.postgres import EmbeddedPostgres
from services.stack.processes import count_marked, sweep
from services.stack.secrets import StackSecrets
from services.stack.settings import StackSettings, is_world_chosen, stack_settings

LOCK, DESCRIPTION = "stack.lock", "stack.json"


#: A look at who runs shares the lock for less than that; a supervisor has it for good.
_LOOK_SECONDS = 0.5


class NoStack(ConfigurationError):
    """The stack does not run, or several run and none was named; `running` are their homes."""

    def __init__(self, message: str, running: Sequence[Path] = ()) -> None:
        super().__init__(message)
        self.running = tuple(running)


@dataclass(frozen=True, slots=True)
class EndedStack:
    """The home of a stack that was ended, and the number of its programs."""

    home: Path
    n_programs: int


@dataclass(frozen=True)
class RunningStack:
    """A running stack: its home and its addresses."""

    home: Path
    addresses: Addresses
    secrets: StackSecrets


def running_stack(settings: StackSettings | None = None) -> RunningStack:
    """Find the stack of the environment's orders; if the environment names none, the only one that runs.

    Raises NoStack with those that do run, ConfigurationError if another version of Aisle has started it.
    """
    settings = settings or stack_settings()
    home = _home_to_use(settings)
    if not (home / DESCRIPTION).exists():
        raise NoStack(f"the stack in {home} is starting: wait until it has printed its addresses", running=[home])
    return RunningStack(home, read_addresses(home), stack_secrets(settings, home))


def end_stack(settings: StackSettings | None = None) -> EndedStack:
    """End the stack that `running_stack` finds, or what a killed one left.

    Raises NoStack if there is none, or if several run and none was named.
    """
    home = _home_to_use(settings or stack_settings(), is_to_end=True)
    n_programs = count_marked(home)
    with (home / LOCK).open("a+") as lock:
        if not take_lock(lock):
            lock.seek(0)
            os.kill(int(lock.read()), signal.SIGTERM)
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when it has stopped everything
        sweep(home)
        EmbeddedPostgres(home / "postgres").stop()
        (home / DESCRIPTION).unlink(missing_ok=True)
    return EndedStack(home, n_programs)


def read_addresses(home: Path) -> Addresses:
    """Read the addresses of a home's stack. Raises ConfigurationError if another version of Aisle wrote them."""
    description = home / DESCRIPTION
    try:
        return Addresses(**json.loads(description.read_text()))
    except (ValueError, TypeError) as error:
        raise ConfigurationError(
            f"reading {description}: another version of Aisle has started this stack; end it with `make down`, then "
            "start it again with `make up`"
        ) from error


def stack_secrets(settings: StackSettings, home: Path) -> StackSecrets:
    """Return the secrets of a home, with the caller's own for replaced parts."""
    kept = StackSecrets.kept_in(home / "secrets.json")
    own: dict[str, str] = {}
    if settings.company_api_token:
        own["company_api_token"] = settings.company_api_token
    if settings.s3_endpoint_url and (access_key := os.environ.get("AWS_ACCESS_KEY_ID")):
        own |= {"aws_access_key": access_key, "aws_secret_key": os.environ.get("AWS_SECRET_ACCESS_KEY", "")}
    return replace(kept, **own)


def take_lock(lock: IO[str]) -> bool:
    """Take the lock of a home if it is free; closing the file releases it."""
    deadline = time.monotonic() + _LOOK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_LOOK_SECONDS / 10)
        else:
            return True


def _home_to_use(settings: StackSettings, *, is_to_end: bool = False) -> Path:
    """Return the home of the environment's orders, or else the only one in use.

    One that a supervisor holds goes before one that a killed supervisor has left behind. Raises NoStack.
    """
    own, homes = settings.home.resolve(), _homes(settings.root.resolve())
    held = [home for home in homes if _is_held(home)]
    left = [home for home in homes if (home / DESCRIPTION).exists() or (is_to_end and count_marked(home))]
    if is_world_chosen():
        if own in (*held, *left):
            return own
        raise NoStack(_none_fits(settings, f" with the orders of {own.name}", held), running=held)
    in_use = held or left
    if len(in_use) == 1:
        return in_use[0]
    raise NoStack(_none_fits(settings, "", in_use), running=in_use)


def _none_fits(settings: StackSettings, which: str, running: Sequence[Path]) -> str:
    root = settings.root.resolve()
    if not running:
        return f"no stack{which} runs in {root}; start one with `make up` or `make demo`"
    names = ", ".join(home.name for home in running)
    return (
        f"looking for the stack{which} that runs in {root}: there run {names}; name the orders of one in the "
        "environment, by COMPANY_API_SCALE, COMPANY_API_SPOILT or COMPANY_API_ORDERS as it was started with"
    )


def _homes(root: Path) -> list[Path]:
    return sorted({file.parent for name in (LOCK, DESCRIPTION) for file in root.glob(f"*/{name}")})


def _is_held(home: Path) -> bool:
    """Whether a supervisor holds the home's lock. The look shares the lock for a moment; see `take_lock`."""
    if not (home / LOCK).exists():
        return False
    with (home / LOCK).open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
