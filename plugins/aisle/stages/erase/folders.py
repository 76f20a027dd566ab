"""Forget a person in reports, dbt's artifacts and task logs.

No message names a person on purpose. But a page of Data Docs shows unexpected values, and PostgreSQL's own errors quote
the row at fault.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile

from aisle.identity.contacts import ContactFinder
from aisle.stages.erase.files import Rewritten

#: A file with a NUL among its first bytes is not text.
_HEAD_BYTES = 8192


def forget_in_folders(folders: Iterable[Path], user_ids: Collection[str], finder: ContactFinder) -> Rewritten:
    """Overwrite the person's contacts in every text file below the folders; a file without any is not rewritten."""
    looked_at = rewritten = 0
    for file in _files(folders):
        looked_at += 1
        rewritten += _forget_in(file, frozenset(user_ids), finder)
    return Rewritten(looked_at, rewritten)


def _files(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def _forget_in(file: Path, user_ids: frozenset[str], finder: ContactFinder) -> bool:
    """Return whether the person was in the file; False if it was deleted meanwhile, as old logs are."""
    try:
        body = file.read_bytes()
        if b"\0" in body[:_HEAD_BYTES]:
            return False
        text = body.decode(errors="surrogateescape")
        remaining = finder.without(text, user_ids)
        if remaining == text:
            return False
        _replace(file, remaining.encode(errors="surrogateescape"))
    except FileNotFoundError:
        return False
    return True


def _replace(file: Path, body: bytes) -> None:
    """Replace the file atomically, so that a reader never sees half of it."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as fresh:
        fresh.write(body)
    shutil.copymode(file, fresh.name)
    Path(fresh.name).replace(file)
