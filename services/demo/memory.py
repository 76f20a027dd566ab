"""Peak memory of a whole stack: every process's own share, sampled while the pipeline runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_SAMPLE_SECONDS = 2.0


class PeakMemory:
    """The largest sum of proportional set sizes seen so far. Shared pages count once, split over who shares them."""

    def __init__(self, roots: list[int]) -> None:
        self._roots = roots
        self._ended = threading.Event()
        self.megabytes = 0.0

    @contextmanager
    def measured(self) -> Iterator[PeakMemory]:
        thread = threading.Thread(target=self._sample, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            thread.join()

    def _sample(self) -> None:
        while not self._ended.wait(_SAMPLE_SECONDS):
            self.megabytes = max(self.megabytes, round(sum(map(_share, self._family())) / 1e6, 1))

    def _family(self) -> set[int]:
        pids: set[int] = set()
        for root in self._roots:
            try:
                process = psutil.Process(root)
                pids |= {root, *(child.pid for child in process.children(recursive=True))}
            except psutil.Error:
                continue
        return pids


def _share(pid: int) -> int:
    """Proportional set size in bytes; 0 for a process that is gone."""
    try:
        for entry in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if entry.startswith("Pss:"):
                return int(entry.split()[1]) * 1024
    except OSError:
        pass
    return 0
