"""The status machine and its clock: what happens to a resource between CREATE PENDING and ACTIVE, and on deletion.

    CREATE PENDING ─► CREATE IN_PROGRESS ─► ACTIVE | CREATE FAILED
    DELETE PENDING ─► DELETE IN_PROGRESS ─► gone

Work is done by threads beside the requests: one for changes of status, two for jobs. Each step is stored before the
next begins, so a process that died in the middle is continued by `resume()`: a job is run again from its start.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping

import structlog

from services.engine.errors import JobFailed
from services.engine.files import DataFolder, discard
from services.engine.resources import (
    ACTIVE,
    CREATE_FAILED,
    CREATE_IN_PROGRESS,
    CREATING,
    DELETE_IN_PROGRESS,
    DELETE_PENDING,
    DELETING,
    SOLUTION,
    SOLUTION_VERSION,
    Resource,
)
from services.engine.store import Store

log = structlog.get_logger()

#: Run in the transaction that makes the resource ACTIVE; may edit its body and save others.
Completion = Callable[[Resource], None]
Job = Callable[[Resource], Completion]

JOB_THREADS = 2


class Lifecycle:
    """Moves resources along. `jobs` holds what to do for a kind, by noun; kinds without a job just become ACTIVE.

    `step_seconds` is how long each intermediate status lasts at least; 0 means as fast as the work is.
    """

    def __init__(self, store: Store, files: DataFolder, jobs: Mapping[str, Job], step_seconds: float = 0) -> None:
        self._store = store
        self._files = files
        self._jobs = jobs
        self._step_seconds = step_seconds
        self._closed = threading.Event()
        self._changes = _Workers("engine-status", 1, self._closed)
        self._work = _Workers("engine-job", JOB_THREADS, self._closed)

    def create(self, resource: Resource) -> None:
        """Take a stored resource from CREATE PENDING on its way."""
        self._later(self._changes, lambda: self._begin(resource))

    def delete(self, resource: Resource) -> None:
        """Begin the deletion of a resource; a solution takes its versions with it."""
        resource.move(DELETE_PENDING)
        self._store.save(resource)
        self._later(self._changes, lambda: self._begin_deletion(resource))

    def resume(self) -> None:
        """Continue everything that an earlier process left in between."""
        for resource in self._store.in_status(CREATING):
            log.info("resumed", arn=resource.arn, status=resource.status)
            self.create(resource)
        for resource in self._store.in_status(DELETING):
            log.info("resumed", arn=resource.arn, status=resource.status)
            self.delete(resource)

    def close(self) -> None:
        """Take no further step. A running job is left; the next start runs it again."""
        self._closed.set()

    def _later(self, workers: _Workers, step: Callable[[], None]) -> None:
        if not self._step_seconds:
            workers.submit(step)
            return
        timer = threading.Timer(self._step_seconds, workers.submit, [step])
        timer.daemon = True
        timer.start()

    def _begin(self, resource: Resource) -> None:
        resource.move(CREATE_IN_PROGRESS)
        self._store.save(resource)
        job = self._jobs.get(resource.kind.noun, _nothing_to_do)
        workers = self._work if resource.kind.noun in self._jobs else self._changes
        self._later(workers, lambda: self._finish(resource, job))

    def _finish(self, resource: Resource, job: Job) -> None:
        started = time.monotonic()
        try:
            complete = job(resource)
            with self._store.transaction():
                complete(resource)
                resource.move(ACTIVE)
                self._store.save(resource)
        except JobFailed as failure:
            self._fail(resource, str(failure))
        except Exception as error:
            # The border of a job: whatever breaks in it must end as a status that the client can read.
            log.exception("job broke", arn=resource.arn)
            self._fail(resource, f"Internal failure of the engine ({type(error).__name__}: {error}). See its log.")
        log.info("settled", arn=resource.arn, status=resource.status, seconds=round(time.monotonic() - started, 3))

    def _fail(self, resource: Resource, reason: str) -> None:
        resource.move(CREATE_FAILED, failureReason=reason)
        self._store.save(resource)

    def _begin_deletion(self, resource: Resource) -> None:
        resource.move(DELETE_IN_PROGRESS)
        self._store.save(resource)
        self._later(self._changes, lambda: self._remove(resource))

    def _remove(self, resource: Resource) -> None:
        within = self._store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, resource.arn))
        self._store.remove(resource, *within)
        discard(self._files.of(resource))
        log.info("deleted", arn=resource.arn)


class _Workers:
    """Daemon threads that take steps off a queue: unlike a pool's, they never keep a process from ending."""

    def __init__(self, name: str, threads: int, closed: threading.Event) -> None:
        self._steps: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closed = closed
        for number in range(threads):
            threading.Thread(target=self._loop, name=f"{name}-{number}", daemon=True).start()

    def submit(self, step: Callable[[], None]) -> None:
        self._steps.put(step)

    def _loop(self) -> None:
        while True:
            step = self._steps.get()
            if self._closed.is_set():
                return
            try:
                step()
            except Exception:
                # A thread that dies would leave every later resource pending for ever.
                log.exception("step broke")


def _nothing_to_do(_resource: Resource) -> Completion:
    return lambda _: None
