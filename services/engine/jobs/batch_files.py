"""Files of batch jobs: read and written line by line, in constant memory; an interrupted job resumes by file.

Reads   the objects of `jobInput.s3DataSource.path`.
Writes  `<input file>.out` for each, and `_CHECK`, to `jobOutput.s3DataDestination.path`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from services.engine import s3
from services.engine.errors import JobFailed
from services.engine.memory import check_fits
from services.engine.resources import Resource
from services.engine.store import Store

READ_BYTES = 1 << 20
#: Enough for an itemList of 500 ids of 256 characters, each of six bytes when escaped.
MAX_RECORD_BYTES = 1 << 20
SECONDS_BETWEEN_SAVES = 1.0
#: Memory besides the model: a block of lines with its scores, and the parts that are being uploaded.
WORKING_BYTES = 768 << 20

#: Turns blocks of input lines into blocks of encoded answers, each with its number of lines.
Answer = Callable[[Iterator[list[bytes]]], Iterator[tuple[int, bytes]]]


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a job's input. Source: Personalize developer guide, "Endpoints and quotas", November 2025."""

    files: int = 1_000
    bytes: int = 1 << 30
    lines_per_file: int = 50_000_000


def check_memory(model: Path) -> None:
    """Raise JobFailed, with both figures, if a model's arrays and a block of lines do not fit into memory."""
    arrays = sum(file.stat().st_size for file in model.rglob("*") if file.is_file())
    check_fits(arrays + WORKING_BYTES, "The batch job")


class BatchFiles:
    """The files of one job. Its record keeps the progress: `lines` so far, and `answered` by finished file."""

    def __init__(self, job: Resource, store: Store, storage: s3.Storage, limits: Limits) -> None:
        self._job = job
        self._store = store
        self._storage = storage
        self._limits = limits
        self._target = s3.location(job.body["jobOutput"]["s3DataDestination"]["path"])
        self._answered: dict[str, int] = dict(job.inner.get("answered", {}))

    def check(self) -> None:
        """Raise JobFailed before any work if there is no input or too much, or if the output cannot be written."""
        place = s3.location(self._job.body["jobInput"]["s3DataSource"]["path"])
        sizes = self._storage.sizes(place)
        check_sizes(place, sizes, self._limits)
        self._storage.put(b"", self._target.within("_CHECK"))
        self._sources = [*sizes]

    def answer(self, n_lines: int, answer: Answer) -> None:
        """Answer every unfinished file, in blocks of up to `n_lines` lines."""
        for source in self._sources:
            if source.name not in self._answered:
                self._answer_file(source, n_lines, answer)

    def _answer_file(self, source: s3.Location, n_lines: int, answer: Answer) -> None:
        done = 0

        def encoded(stream: IO[bytes]) -> Iterator[bytes]:
            nonlocal done
            saved_at = time.monotonic()
            for answered, content in answer(blocks(stream, n_lines, source)):
                done += answered
                if done > self._limits.lines_per_file:
                    raise JobFailed(f"{source} has more than {self._limits.lines_per_file:,} lines. Split the file.")
                if time.monotonic() - saved_at > SECONDS_BETWEEN_SAVES:
                    self._save_progress(done)
                    saved_at = time.monotonic()
                yield content

        with self._storage.opened(source) as stream:
            self._storage.stream(encoded(stream), self._target.within(f"{source.name}.out"))
        self._answered[source.name] = done
        self._save_progress(0)

    def _save_progress(self, lines_of_open_file: int) -> None:
        """Save the job's progress: for its page, and for the next process if this one is killed."""
        with self._store.transaction():
            current = self._store.find(self._job.kind, self._job.arn)
            if current is not None:
                lines = sum(self._answered.values()) + lines_of_open_file
                current.inner |= {"files": len(self._sources), "answered": self._answered, "lines": lines}
                self._store.save(current)


def check_sizes(place: s3.Location, sizes: Mapping[s3.Location, int], limits: Limits) -> None:
    """Raise JobFailed if there are no files at a place, or if they exceed the limits."""
    if not sizes:
        raise JobFailed(f"Invalid S3 input path. There is no object at {place}. Check the location.")
    if len(sizes) > limits.files:
        raise JobFailed(f"The input at {place} has {len(sizes):,} files; a job may have {limits.files:,}.")
    if sum(sizes.values()) > limits.bytes:
        raise JobFailed(
            f"The input at {place} has {sum(sizes.values()):,} bytes; a job may have {limits.bytes:,}. "
            "Divide it among several jobs."
        )


def blocks(stream: IO[bytes], n_lines: int, source: s3.Location | str) -> Iterator[list[bytes]]:
    """Yield the lines of a stream in blocks of up to `n_lines`, without line feeds and empty lines."""
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
        if len(rest) > MAX_RECORD_BYTES:
            raise JobFailed(f"{source} has a line of more than {MAX_RECORD_BYTES:,} bytes. Write one object per line.")
        yield [line for line in lines if line.strip()]
    if rest.strip():
        yield [rest]
