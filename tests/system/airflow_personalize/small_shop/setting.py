"""Where the examples run, by the environment: by default the embedded stack, with an account of Amazon's as well.

SYSTEM_TESTS_ENV_ID    Begins the names of everything that the examples make. (default: example)
SYSTEM_TESTS_BUCKET    Bucket that exists and that Personalize may read and write. (default: aisle)
SYSTEM_TESTS_ROLE_ARN  Role by which Personalize does so. (default: one that Aisle's engine takes)
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

ENV_ID = os.environ.get("SYSTEM_TESTS_ENV_ID", "example")
BUCKET = os.environ.get("SYSTEM_TESTS_BUCKET", "aisle")
ROLE_ARN = os.environ.get("SYSTEM_TESTS_ROLE_ARN", "arn:aws:iam::000000000000:role/aisle-personalize")
#: Prefix of every object that the examples write.
PREFIX = f"system-tests/{ENV_ID}"
#: Seconds between two looks at a resource that is on its way. Amazon's own takes minutes: 30 would do.
DELAY = int(os.environ.get("SYSTEM_TESTS_DELAY", "1"))

#: Of every task: a retry finds what its first try made, so it costs nothing.
DEFAULTS: dict[str, Any] = {
    "retries": 2,
    "retry_delay": timedelta(seconds=2),
    "waiter_delay": DELAY,
    "poke_interval": DELAY,
}
