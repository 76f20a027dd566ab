"""The run key: the one name that a run gives to its S3 prefix, its jobs and its cache generation.

A key is the run's own time in UTC, or any name of the same alphabet given by hand. A tick of the clock is a whole
second, `20261121T060000`; a run that somebody starts has the milliseconds, too, `20261121T060000-412`, and so never the
key of a tick in the same second. Keys sort as their times do.
It is never read off the clock inside a task, so a retry has the key of its first try.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

#: Personalize allows `[a-zA-Z0-9][a-zA-Z0-9-_]{0,62}` in names; 30 leaves room for what stands before the key.
RUN_KEY_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,29}")


def run_key_of(moment: datetime) -> str:
    """The run key of a moment; `moment` must carry a zone."""
    if moment.tzinfo is None:
        raise ValueError(f"a run key needs a time with a zone, got {moment!r}")
    tick = moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S")
    return f"{tick}-{moment.microsecond // 1000:03d}" if moment.microsecond else tick


def checked_run_key(key: str) -> str:
    """Return `key`. Raises ValueError if it cannot name a prefix or a job, as 'None' cannot."""
    if key == "None" or not RUN_KEY_PATTERN.fullmatch(key):
        raise ValueError(
            f"run key {key!r} is not usable: give 1 to 30 of letters, digits, '-' and '_', starting with a letter "
            "or digit, for example 20261121T060000"
        )
    return key
