"""The inbox: where files of orders are dropped, on disk or on S3. Only what was read is ever deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from aisle.errors import ConfigurationError, RetryableError
from aisle.objects import S3Uri, list_objects
from aisle.settings import in_project
from aisle.sources.tables import unusable

#: How programs call a file that they are still writing.
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
_GONE = ("404", "NoSuchKey")
_REPLACEMENT = "\ufffd"


class FileHasMoved(RetryableError):
    """A file is not there any more, or is being written: the next run looks again."""


class FileStays(RetryableError):
    """A file that was read cannot be deleted."""


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """A file that waits: the folder it was dropped into, which is a source's or that of the rates, and since when.

    `name` is fit to be shown; `place` leads to the file.
    """

    folder: str
    name: str
    place: str
    n_bytes: int
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What a file said, and which version of it: a file of its name may be another one by now."""

    body: bytes
    version: str


class Inbox(Protocol):
    """Where files are dropped, in a folder per source."""

    def files(self, folders: Iterable[str]) -> list[DroppedFile]: ...

    def strays(self, folders: Collection[str]) -> list[str]:
        """Return paths of files in no such folder, one of each other folder."""

    def read(self, file: DroppedFile) -> Content:
        """Return what a file says. Raises FileHasMoved, or UnusableFile if it cannot be opened."""

    def remove(self, file: DroppedFile, version: str) -> None:
        """Delete a file. Raises FileHasMoved if another one is in its place, FileStays if it cannot be deleted."""


class FolderInbox:
    """An inbox on disk."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise ConfigurationError(
                f"looking for files of orders in {folder}: there is no such folder; create it, or correct "
                "AISLE_INGEST__DROPS"
            )
        self._folder = folder

    def files(self, folders: Iterable[str]) -> list[DroppedFile]:
        """Return the files that wait, the oldest first: of two versions of an order the newest file's counts."""
        return sorted((file for folder in folders for file in self._waiting(folder)), key=_by_age)

    def _waiting(self, folder: str) -> Iterator[DroppedFile]:
        for path in (self._folder / folder).glob("*"):
            try:
                if not path.is_file() or not _is_finished(path.name):
                    continue
                known = path.stat()
            except FileNotFoundError:  # another process has read it
                continue
            modified_at = datetime.fromtimestamp(known.st_mtime, UTC)
            yield DroppedFile(folder, _shown(path.name), str(path), known.st_size, modified_at)

    def strays(self, folders: Collection[str]) -> list[str]:
        """Return paths of files in no such folder, one of each other folder."""
        others = (path for path in self._folder.iterdir() if path.name not in folders)
        firsts = (min(path.glob("*"), default=path) if path.is_dir() else path for path in others)
        return sorted(
            _shown(str(path.relative_to(self._folder))) for path in firsts if path.is_file() and _is_finished(path.name)
        )

    def read(self, file: DroppedFile) -> Content:
        try:
            version = _version_on_disk(file)
            body = Path(file.place).read_bytes()
            if _version_on_disk(file) != version:
                raise _moved(file)
        except FileNotFoundError as error:
            raise _moved(file) from error
        except OSError as error:
            raise unusable(
                file.name, f"it cannot be opened ({type(error).__name__}); let Aisle's user read it"
            ) from error
        return Content(body, version)

    def remove(self, file: DroppedFile, version: str) -> None:
        try:
            if _version_on_disk(file) != version:
                raise _moved(file)
            Path(file.place).unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _stays(file, type(error).__name__, "let Aisle's user write to its folder") from error


class S3Inbox:
    """An inbox on S3; `s3` is a boto3 client."""

    def __init__(self, s3: Any, prefix: S3Uri) -> None:
        self._s3 = s3
        self._prefix = prefix if prefix.is_folder or not prefix.key else S3Uri(prefix.bucket, f"{prefix.key}/")

    def files(self, folders: Iterable[str]) -> list[DroppedFile]:
        """Return the objects that wait, the oldest first: of two versions of an order the newest object's counts."""
        waiting = [
            DroppedFile(folder, _shown(name), entry.key, entry.size, entry.last_modified)
            for folder in folders
            for entry in list_objects(self._s3, S3Uri(self._prefix.bucket, f"{self._prefix.key}{folder}/"))
            if (name := entry.key.rsplit("/", 1)[-1]) and _is_finished(name)
        ]
        return sorted(waiting, key=_by_age)

    def strays(self, folders: Collection[str]) -> list[str]:
        """Return paths of objects in no such folder, one of each other folder. A whole bucket has other ones, too."""
        if not self._prefix.key:
            return []
        top = self._s3.list_objects_v2(Bucket=self._prefix.bucket, Prefix=self._prefix.key, Delimiter="/")
        others = [entry["Key"] for entry in top.get("Contents", ())]
        for folder in (entry["Prefix"] for entry in top.get("CommonPrefixes", ())):
            if folder.removeprefix(self._prefix.key).rstrip("/") not in folders:
                page = self._s3.list_objects_v2(Bucket=self._prefix.bucket, Prefix=folder, MaxKeys=1)
                others += [entry["Key"] for entry in page.get("Contents", ())]
        names = (key.removeprefix(self._prefix.key) for key in others)
        return sorted(_shown(name) for name in names if _is_finished(name.rsplit("/", 1)[-1] or "."))

    def read(self, file: DroppedFile) -> Content:
        try:
            answer = self._s3.get_object(Bucket=self._prefix.bucket, Key=file.place)
        except ClientError as error:
            if _code(error) in _GONE:
                raise _moved(file) from error
            raise unusable(
                file.name, f"S3 does not give it ({_code(error)}); let Aisle's role read it, or put it there again"
            ) from error
        return Content(answer["Body"].read(), answer["ETag"])

    def remove(self, file: DroppedFile, version: str) -> None:
        address = {"Bucket": self._prefix.bucket, "Key": file.place}
        try:
            if self._s3.head_object(**address)["ETag"] != version:
                raise _moved(file)
            self._s3.delete_object(**address)
        except ClientError as error:
            if _code(error) not in _GONE:
                raise _stays(file, _code(error), "let Aisle's role delete it") from error


def inbox_at(place: str, s3: Any) -> Inbox:
    """Return the inbox at `s3://bucket/prefix/` or in a folder. Raises ConfigurationError if there is none."""
    return S3Inbox(s3, S3Uri.parse(place)) if place.startswith("s3://") else FolderInbox(in_project(place))


def _version_on_disk(file: DroppedFile) -> str:
    """Return what differs once a file was written to or replaced; its time of modification can be set at will."""
    known = Path(file.place).stat()
    return f"{known.st_ino} {known.st_size} {known.st_ctime_ns}"


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])


def _moved(file: DroppedFile) -> FileHasMoved:
    return FileHasMoved(
        f"{file.name} of {file.folder} is gone or has changed since it was found; the next run reads it"
    )


def _stays(file: DroppedFile, problem: str, remedy: str) -> FileStays:
    return FileStays(
        f"deleting the file of orders {file.name}, which was read: {problem}; {remedy}, or delete it: an erasure would "
        "not reach it"
    )


def _shown(name: str) -> str:
    """Return the name of a file without what no log or database should get: half characters and line ends."""
    return "".join(sign if sign.isprintable() else _REPLACEMENT for sign in name)


def _by_age(file: DroppedFile) -> tuple[datetime, str]:
    return file.modified_at, file.place


def _is_finished(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.endswith(_UNFINISHED)
