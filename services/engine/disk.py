"""A full disk, however a library says it."""

from __future__ import annotations

import errno
import re
import sqlite3

#: What a client and a job are told. It is no fault of theirs, and passes as soon as somebody makes room.
NO_SPACE = "No space is left in ENGINE_DATA_DIR. Make room on its disk"

_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
#: numpy's `tofile`, and so `np.save`, says how much it wrote and not why it stopped.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


def is_full(error: BaseException) -> bool:
    """Whether an error means that the disk, or one's part of it, has no space left."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and (error.errno in _ERRNOS or bool(_SHORT_WRITE.match(str(error))))
