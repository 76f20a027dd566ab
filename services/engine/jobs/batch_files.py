"""What batch jobs share: lines in, lines out, file by file, in constant memory, going on where a killed one stopped.

Reads   the objects that `jobInput.s3DataSource.path` means.
Writes  `<input file>.out` for each, and `_CHECK`, to `jobOutput.s3DataDestination.path`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

from services.engine import s3
from services.engine.errors import JobFailed
from services.engine.memory import check_fits
from services.engine.resources import Resource
from services.engine.store import Store

READ_BYTES = 1 << 20
#: An itemList of 500 ids of 256 characters, six bytes each when escaped, fits.
MAX_LINE_BYTES = 1 << 20
SECONDS_BETWEEN_NOTES = 1.0
#: Beside the model: a block of lines with its scores, and the parts that are on their way to S3.
WORKING_BYTES = 768 << 20

#: Turns blocks of raw lines into blocks of encoded answers, each with its number of lines.
Answer = Callable[[Iterator[list[bytes]]], Iterator[tuple[int, bytes]]]


class Limits(NamedTuple):
    """How much one job may be given. Source: Personalize developer guide, "Endpoints and quotas", November 2025."""

    files: int = 1_000
    bytes: int = 1 << 30
    lines_per_file: int = 50_000_000


def check_memory(model: Path) -> None:
    """Raise JobFailed, with figures, if a model's arrays and a block of work do not fit into memory."""
    arrays = sum(file.stat().st_size for file in model.rglob("*") if file.is_file())
    check_fits(arrays + WORKING_BYTES, "The batch job")


class BatchFiles:
    """The files of one job. What was answered is noted in the job: `lines` so far, and `answered` by finished file."""

    def __init__(self, job: Resource, store: Store, storage: s3.Storage, limits: Limits) -> None:
        self._job = job
        self._store = store
        self._storage = storage
        self._limits = limits
        self._target = s3.location(job.body["jobOutput"]["s3DataDestination"]["path"])
        self._answered: dict[str, int] = dict(job.inner.get("answered", {}))

    def check(self) -> None:
        """Refuse what cannot end well before any work is done: no input, too much of it, no way to write."""
        place = s3.location(self._job.body["jobInput"]["s3DataSource"]["path"])
        sizes = self._storage.sizes(place)
        check_sizes(place, sizes, self._limits)
        self._storage.put(b"", self._target.within("_CHECK"))
        self._sources = [*sizes]

    def answer(self, n_lines: int, answer: Answer) -> None:
        """Answer every file that is not finished, in blocks of up to `n_lines` lines."""
        for source in self._sources:
            if source.name not in self._answered:
                self._answer_file(source, n_lines, answer)

    def _answer_file(self, source: s3.Location, n_lines: int, answer: Answer) -> None:
        done = 0

        def encoded(stream: IO[bytes]) -> Iterator[bytes]:
            nonlocal done
            noted = time.monotonic()
            for answered, content in answer(blocks(stream, n_lines, source)):
                done += answered
                if done > self._limits.lines_per_file:
                    raise JobFailed(f"{source} has more than {self._limits.lines_per_file:,} lines. Split the file.")
                if time.monotonic() - noted > SECONDS_BETWEEN_NOTES:
                    self._note(done)
                    noted = time.monotonic()
                yield content

        with self._storage.opened(source) as stream:
            self._storage.stream(encoded(stream), self._target.within(f"{source.name}.out"))
        self._answered[source.name] = done
        self._note(0)

    def _note(self, lines_of_open_file: int) -> None:
        """Keep how far the job is: for whoever looks, and for the next process if this one is killed."""
        with self._store.transaction():
            current = self._store.find(self._job.kind, self._job.arn)
            if current is not None:
                lines = sum(self._answered.values()) + lines_of_open_file
                current.inner |= {"files": len(self._sources), "answered": self._answered, "lines": lines}
                self._store.save(current)


def check_sizes(place: s3.Location, sizes: Mapping[s3.Location, int], limits: Limits) -> None:
    """Raise JobFailed unless the files found at a place are as many and as large as a job may have."""
    if not sizes:
        raise JobFailed(f"Invalid S3 input path. There is no object at {place}. Check the location.")
    if len(sizes) > limits.files:
        raise JobFailed(f"The input at {place} has {len(sizes):,} files; a job may have {limits.files:,}.")
    if sum(sizes.values()) > limits.bytes:
        raise JobFailed(
            f"The input at {place} has {sum(sizes.values()):,} bytes; a job may have {limits.bytes:,}. "
            "Share it among several jobs."
        )


def blocks(stream: IO[bytes], n_lines: int, source: s3.Location | str) -> Iterator[list[bytes]]:
    """The lines of a stream, without their line feeds and without empty ones, in blocks of up to `n_lines`."""
    waiting: list[bytes] = []
    for lines in _lines(stream, source):
        waiting += lines
        while len(waiting) >= n_lines:
            yield waiting[:n_lines]
            waiting = waiting[n_lines:]
    if waiting:
        yield waiting


def _lines(stream: IO[bytes], source: s3.Location | str) -> Iterator[Sequence[bytes]]:
    rest = b""
    while chunk := stream.read(READ_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise JobFailed(f"{source} has a line of more than {MAX_LINE_BYTES:,} bytes. Write one object per line.")
        yield [line for line in lines if line.strip()]
    if rest.strip():
        yield [rest]
