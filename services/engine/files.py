"""The data folder: the paths of datasets and models, and files and folders that appear complete or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from aisle.errors import ConfigurationError
from services.engine.resources import Resource

_FORMER = ".former"


class DataFolder:
    """`datasets/<region>/<group>/<TYPE>/`, `models/<region>/<solution>/<version>/` and `scratch/`."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)
        self._lock = self._own()
        self._scratch = self.root / "scratch"
        # An earlier process left its content unfinished.
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir()
        self._recover()

    def _own(self) -> IO[str]:
        """Lock the folder for the life of this process: two engines would run each other's jobs."""
        lock = (self.root / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigurationError(
                f"the data folder {self.root} is in use by another engine; stop it or set ENGINE_DATA_DIR"
            ) from error
        return lock

    def _recover(self) -> None:
        """Finish or undo the replacements that were under way when an earlier process ended."""
        for former in (self.root / "models").rglob(f"*{_FORMER}"):
            final = former.with_name(former.name.removesuffix(_FORMER))
            if final.exists():
                _remove(former)
            else:
                former.replace(final)

    @property
    def database(self) -> Path:
        return self.root / "engine.sqlite"

    def dataset(self, dataset: Resource) -> Path:
        """Folder of a dataset's parts."""
        return self.root / "datasets" / dataset.region / dataset.tail

    def model(self, version: Resource) -> Path:
        """Folder of a solution version's arrays."""
        return self.root / "models" / version.region / version.tail

    def of(self, resource: Resource) -> Path | None:
        """Return the folder that is deleted with a resource, or None."""
        folders = {"Dataset": "datasets", "SolutionVersion": "models", "Solution": "models"}
        top = folders.get(resource.kind.noun)
        return self.root / top / resource.region / resource.tail if top else None

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Provide a path that does not exist yet, and remove it afterwards."""
        path = self._scratch / uuid.uuid4().hex
        try:
            yield path
        finally:
            _remove(path)


def publish(made: Path, final: Path) -> None:
    """Move a finished file or folder to its final name, durably, in place of an earlier one."""
    for path in [made, *made.rglob("*")] if made.is_dir() else [made]:
        _sync(path)
    final.parent.mkdir(parents=True, exist_ok=True)
    former = final.with_name(f"{final.name}{_FORMER}")
    if final.is_dir():
        final.replace(former)
    made.replace(final)
    _sync(final.parent)
    _remove(former)


def discard(path: Path | None) -> None:
    """Remove a file or folder that no record refers to."""
    if path is not None:
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
