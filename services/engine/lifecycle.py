"""The status machine: what happens to a resource between calls.

    CREATE PENDING ─► CREATE IN_PROGRESS ─► ACTIVE | CREATE FAILED          (a data deletion has words of its own)
                            └─► CREATE STOPPING ─► CREATE STOPPED           (training alone)
    ACTIVE, and in latest…Update: CREATE PENDING ─► CREATE IN_PROGRESS ─► ACTIVE | CREATE FAILED
    DELETE PENDING ─► DELETE IN_PROGRESS ─► gone

Threads of their own do the work: one changes statuses, two run jobs. Every step reads the resource again and stores it
in one transaction, so it never undoes a call in between. After a crash `resume()` continues; a job starts from the
beginning.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from types import MappingProxyType
from typing import Any

import structlog

from personalize_kinds.kinds import DATA_DELETION_JOB, SOLUTION, SOLUTION_VERSION
from personalize_kinds.statuses import (
    CREATE_PENDING,
    CREATE_STOPPED,
    CREATE_STOPPING,
    CREATING,
    DELETE_IN_PROGRESS,
    DELETE_PENDING,
    DELETING,
)
from services.engine.disk import NO_SPACE, is_full
from services.engine.errors import JobFailed
from services.engine.files import DataFolder, discard
from services.engine.resources import Resource
from services.engine.store import Store
from services.engine.updates import apply, updates_after

log = structlog.get_logger()

#: Runs in the transaction that makes the resource ACTIVE; may edit its body and save others.
Completion = Callable[[Resource], None]
#: The work of a resource's creation.
Job = Callable[[Resource], Completion]
#: Runs before the record is deleted, and again if the process crashed in between.
Removal = Callable[[Resource], None]
#: Runs before an update takes effect.
Preparation = Callable[[Resource], None]

JOB_THREADS = 2
#: Seconds until a step that found the disk full is retried, so that nothing stays pending for ever.
SECONDS_BETWEEN_TRIES = 1.0
#: Kinds whose job rewrites files that all other jobs read: no other job runs at the same time.
EXCLUSIVE = (DATA_DELETION_JOB.noun,)
NO_REMOVALS: Mapping[str, Removal] = MappingProxyType({})


class Lifecycle:
    """Takes resources from status to status.

    jobs          job by noun of the kind; a kind without one becomes ACTIVE at once
    removals      what is deleted with a resource besides its files, by noun
    preparations  what is done before an update takes effect, by noun
    step_seconds  minimum seconds in each intermediate status; 0 is as fast as the work
    """

    def __init__(
        self,
        store: Store,
        files: DataFolder,
        jobs: Mapping[str, Job],
        step_seconds: float = 0,
        removals: Mapping[str, Removal] = NO_REMOVALS,
        preparations: Mapping[str, Preparation] = NO_REMOVALS,
    ) -> None:
        self._store = store
        self._files = files
        self._jobs = jobs
        self._removals = removals
        self._preparations = preparations
        self._step_seconds = step_seconds
        self._closed = threading.Event()
        self._changes = _Workers("engine-status", 1, self._closed)
        self._work = _Workers("engine-job", JOB_THREADS, self._closed)
        self._gate = _Gate()

    def create(self, resource: Resource) -> None:
        """Start the creation of a stored, pending resource."""
        self._later(self._changes, partial(self._begin, resource))

    def update(self, resource: Resource, members: Mapping[str, Any]) -> None:
        """Start an update to these members; the resource keeps its own until then. Call it within a transaction."""
        resource.body[resource.kind.update_member] = {"creationDateTime": time.time()}
        resource.inner["updating"] = True
        self._move_update(resource, resource.kind.update.pending, **members)
        self._store.save(resource)
        self._later(self._changes, partial(self._begin_update, resource))

    def stop(self, resource: Resource) -> None:
        """Abandon a creation: at once if it is pending, else its job runs to the end and the result is discarded."""
        if resource.status == CREATE_PENDING:
            resource.move(CREATE_STOPPED)
        else:
            resource.move(CREATE_STOPPING)
            self._later(self._changes, partial(self._end_stop, resource))
        self._store.save(resource)

    def delete(self, resource: Resource) -> None:
        """Start the deletion of a resource; that of a solution deletes its versions."""
        resource.move(DELETE_PENDING)
        self._store.save(resource)
        self._later(self._changes, partial(self._begin_deletion, resource))

    def resume(self) -> None:
        """Continue everything that an earlier process left unfinished."""
        unfinished: tuple[tuple[Callable[[Resource], None], list[Resource]], ...] = (
            (self._begin, self._store.in_status(CREATING)),
            (self._begin_update, self._store.in_update()),
            (self._end_stop, self._store.in_status([CREATE_STOPPING])),
            (self._begin_deletion, self._store.in_status(DELETING)),
        )
        for step, resources in unfinished:
            for resource in resources:
                log.info("resumed", arn=resource.arn, status=resource.status)
                self._later(self._changes, partial(step, resource))

    def close(self) -> None:
        """Take no further step. A running job is abandoned; the next start runs it again."""
        self._closed.set()

    def closes_within(self, seconds: float) -> bool:
        """Wait so many seconds, or until `close`; return whether it was closed."""
        return self._closed.wait(seconds)

    def _later(self, workers: _Workers, step: Callable[[], None]) -> None:
        if not self._step_seconds:
            workers.submit(step)
            return
        timer = threading.Timer(self._step_seconds, workers.submit, [step])
        timer.daemon = True
        timer.start()

    def _begin(self, resource: Resource) -> None:
        with self._store.transaction():
            current = self._creating(resource)
            if current is None:
                return
            current.move(current.kind.creation.in_progress)
            self._store.save(current)
        job = self._jobs.get(current.kind.noun, _nothing_to_do)
        workers = self._work if current.kind.noun in self._jobs else self._changes
        self._later(workers, partial(self._finish, current, job))

    def _finish(self, resource: Resource, job: Job) -> None:
        if self._creating(resource) is None:
            return
        started = time.monotonic()
        try:
            status = self._work_on(resource, job)
        except JobFailed as failure:
            status = self._fail(resource, str(failure))
        except Exception as error:
            # The boundary of a job: any failure must end as a status that the client can read.
            if not is_full(error):  # not a fault of the job, and the reason says so
                log.exception("job broke", arn=resource.arn)
            status = self._fail(resource, _reason(error))
        log.info("settled", arn=resource.arn, status=status, seconds=round(time.monotonic() - started, 3))

    def _work_on(self, resource: Resource, job: Job) -> str:
        if resource.kind.noun not in self._jobs:
            return self._complete(resource, job(resource))
        with self._gate.entered(exclusive=resource.kind.noun in EXCLUSIVE):
            return self._complete(resource, job(resource))

    def _creating(self, resource: Resource) -> Resource | None:
        """Return the current resource, or None if its creation has ended or was stopped, or it was deleted."""
        current = self._store.current(resource)
        words = resource.kind.creation
        return current if current and current.status in (words.pending, words.in_progress) else None

    def _complete(self, resource: Resource, complete: Completion) -> str:
        with self._store.transaction():
            current = self._creating(resource)
            if current is None:
                discard(self._files.of(resource))
                return CREATE_STOPPED
            complete(current)
            current.move(current.kind.creation.done)
            self._store.save(current)
            self._start_updates_after(current)
        return current.kind.creation.done

    def _fail(self, resource: Resource, reason: str) -> str:
        with self._store.transaction():
            current = self._creating(resource)
            if current is None:
                return CREATE_STOPPED
            current.move(current.kind.creation.failed, failureReason=reason)
            self._store.save(current)
        return current.kind.creation.failed

    def _start_updates_after(self, settled: Resource) -> None:
        for resource, members in updates_after(self._store, settled):
            self.update(resource, members)

    def _begin_update(self, resource: Resource) -> None:
        with self._store.transaction():
            current = self._updating(resource)
            if current is None:
                return
            self._move_update(current, current.kind.update.in_progress)
            self._store.save(current)
        workers = self._work if current.kind.noun in self._preparations else self._changes
        self._later(workers, partial(self._finish_update, current))

    def _finish_update(self, resource: Resource) -> None:
        self._prepare(resource)
        with self._store.transaction():
            current = self._updating(resource)
            if current is None:
                return
            words = current.kind.update
            try:
                apply(self._store, current)
                self._move_update(current, words.done)
            except JobFailed as failure:
                self._move_update(current, words.failed, failureReason=str(failure))
            del current.inner["updating"]
            self._store.save(current)
            self._start_updates_after(current)
        log.info("updated", arn=current.arn, status=current.update["status"])

    def _prepare(self, resource: Resource) -> None:
        prepare = self._preparations.get(resource.kind.noun, _nothing_more)
        try:
            prepare(resource)
        except Exception as error:
            # The update itself reports what cannot be prepared, for instance because it is being deleted.
            if not is_full(error):
                log.exception("preparation broke", arn=resource.arn)

    def _updating(self, resource: Resource) -> Resource | None:
        current = self._store.current(resource)
        return current if current and current.updating else None

    def _move_update(self, resource: Resource, status: str, **members: Any) -> None:
        """Set the status of the update, and of a resource that shows it; a failed update leaves the resource usable."""
        words = resource.kind.update
        resource.move_update(status, **members)
        if resource.kind.shows_update:
            resource.move(words.done if status == words.failed else status)

    def _end_stop(self, resource: Resource) -> None:
        with self._store.transaction():
            current = self._store.current(resource)
            if current and current.status == CREATE_STOPPING:
                current.move(CREATE_STOPPED)
                self._store.save(current)

    def _begin_deletion(self, resource: Resource) -> None:
        with self._store.transaction():
            current = self._store.current(resource)
            if current is None or current.status not in DELETING:
                return
            current.move(DELETE_IN_PROGRESS)
            self._store.save(current)
        self._later(self._changes, partial(self._remove, current))

    def _remove(self, resource: Resource) -> None:
        # Files before the record: after a crash in between, the record is still there to resume from.
        discard(self._files.of(resource))
        if removal := self._removals.get(resource.kind.noun):
            removal(resource)
        within = self._store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, resource.arn))
        self._store.remove(resource, *within)
        log.info("deleted", arn=resource.arn)


class _Gate:
    """Lets many jobs in at a time, or one exclusive job."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._closed = False

    @contextmanager
    def entered(self, *, exclusive: bool) -> Iterator[None]:
        with self._changed:
            self._changed.wait_for(lambda: not self._closed and not (exclusive and self._inside))
            self._inside += 1
            self._closed = exclusive
        try:
            yield
        finally:
            with self._changed:
                self._inside -= 1
                self._closed = False
                self._changed.notify_all()


class _Workers:
    """Daemon threads that run steps from a queue. Unlike those of a pool, they do not keep the process alive."""

    def __init__(self, name: str, threads: int, closed: threading.Event) -> None:
        self._steps: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closed = closed
        self._has_room = True
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
            except Exception as error:
                # If the thread died, every later resource would stay pending for ever.
                if is_full(error):
                    self._retry_later(step)
                else:
                    log.exception("step broke")
            else:
                self._log_disk(has_room=True)

    def _retry_later(self, step: Callable[[], None]) -> None:
        self._log_disk(has_room=False)
        if not self._closed.wait(SECONDS_BETWEEN_TRIES):
            self.submit(step)

    def _log_disk(self, *, has_room: bool) -> None:
        """Log when the disk becomes full and when it has room again, but not every retry in between."""
        if has_room == self._has_room:
            return
        self._has_room = has_room
        if has_room:
            log.info("disk has room again")
        else:
            log.warning("disk full", remedy=NO_SPACE, seconds_between_tries=SECONDS_BETWEEN_TRIES)


def _reason(error: Exception) -> str:
    """Word an unexpected error as the failure reason of a job."""
    if is_full(error):
        return f"{NO_SPACE} and create the job again."
    return f"Internal failure of the engine ({type(error).__name__}: {error}). See its log."


def _nothing_to_do(_resource: Resource) -> Completion:
    return lambda _: None


def _nothing_more(_resource: Resource) -> None:
    pass
