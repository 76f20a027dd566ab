"""The memory that is left for this process, on the machine and in its container."""

from __future__ import annotations

from pathlib import Path

from services.engine.errors import JobFailed

MEMINFO = Path("/proc/meminfo")
#: Limit and usage of the container, in versions 2 and 1 of control groups.
CONTAINER_FILES = (
    (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")),
    (Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.usage_in_bytes")),
)
GIGABYTE = 10**9


def available_bytes() -> int | None:
    """Return the lesser of what the machine and the container have left; None if both are unknown."""
    known = [left for left in (_of_machine(), *(_of_container(*pair) for pair in CONTAINER_FILES)) if left is not None]
    return max(min(known), 0) if known else None


def check_fits(needed: int, what: str) -> None:
    """Raise JobFailed, with both figures, if `what` needs more memory than is left."""
    available = available_bytes()
    if available is not None and needed > available:
        raise JobFailed(
            f"Create failed. {what} needs about {needed / GIGABYTE:.1f} GB of memory and {available / GIGABYTE:.1f} GB "
            "are available. Give the engine more memory, import less data, or train this in Amazon Personalize."
        )


def _of_machine() -> int | None:
    if not MEMINFO.exists():
        return None
    lines = dict(line.split(":", 1) for line in MEMINFO.read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in lines else None


def _of_container(limit: Path, used: Path) -> int | None:
    try:
        return int(limit.read_text()) - int(used.read_text())
    except (OSError, ValueError):  # no container, or "max"
        return None
