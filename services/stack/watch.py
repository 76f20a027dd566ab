"""Keep programs running: restart what ends, PostgreSQL first, but not what keeps ending."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from aisle.errors import FinalError
from services.stack.postgres import EmbeddedPostgres
from services.stack.processes import Program

#: So many restarts of one program within so many seconds; more would fix nothing.
RESTARTS, WITHIN_SECONDS = 5, 300.0


class KeepsEnding(FinalError):
    """A program was restarted several times and ended again; the message ends with the tail of its log."""


class Watch:
    """Watch the programs of one stack, and its PostgreSQL if embedded."""

    def __init__(
        self,
        postgres: EmbeddedPostgres | None,
        programs: Mapping[str, Program],
        say: Callable[[str], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._postgres = postgres
        self._programs = programs
        self._say = say
        self._now = now
        self._restarts: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=RESTARTS))

    def tend(self) -> None:
        """Restart what has ended since the last call. Raises KeepsEnding."""
        if self._postgres is not None and self._postgres.has_ended():
            self._restart_postgres(self._postgres)
        for name, program in self._programs.items():
            if program.has_ended():
                self._announce(name, program.tail)
                program.start()

    def _restart_postgres(self, postgres: EmbeddedPostgres) -> None:
        """Restart PostgreSQL; return when it accepts connections, which the others need."""
        self._announce("PostgreSQL", postgres.tail)
        port = postgres.port
        postgres.start()
        if postgres.port != port:
            raise KeepsEnding(
                f"PostgreSQL has ended, and another program has taken its port {port}; start the stack again"
            )

    def _announce(self, name: str, tail: Callable[[], str]) -> None:
        """Log the restart of a program. Raises KeepsEnding after too many."""
        restarts, now = self._restarts[name], self._now()
        if len(restarts) == RESTARTS and now - restarts[0] < WITHIN_SECONDS:
            raise KeepsEnding(f"{name} keeps ending; its log ends:\n{tail()}")
        restarts.append(now)
        self._say(f"{name} has ended, starting it again")
