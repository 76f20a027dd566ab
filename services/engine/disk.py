"""Recognise a full disk in the errors of different libraries."""

from __future__ import annotations

import errno
import re
import sqlite3

#: The reason that clients and jobs get. It is not their fault, and passes once there is room.
NO_SPACE = "No space is left in ENGINE_DATA_DIR. Make room on its disk"

_ERRNOS = {errno.ENOSPC, errno.EDQUOT}
#: numpy's `tofile`, and so `np.save`, reports how much it wrote but not why it stopped.
_SHORT_WRITE = re.compile(r"\d+ requested and \d+ written")


def is_full(error: BaseException) -> bool:
    """Return whether an error means that the disk is full or the quota on it used up."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    return isinstance(error, OSError) and (error.errno in _ERRNOS or bool(_SHORT_WRITE.match(str(error))))
