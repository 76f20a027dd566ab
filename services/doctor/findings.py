"""What a check found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: `failed` is wrong for certain; `look` may be right, and a person should decide.
State = Literal["ok", "look", "failed"]


@dataclass(frozen=True)
class Finding:
    """The result of one check: figures, and what to do unless all is well. No user is named."""

    subject: str
    state: State
    facts: Sequence[str]
    remedy: str = ""


def graded(subject: str, facts: Sequence[str], *, failed: str = "", look: str = "") -> Finding:
    """Return a finding whose state follows from the remedies: one for what is wrong, one for what may be."""
    if failed:
        return Finding(subject, "failed", facts, failed)
    return Finding(subject, "look" if look else "ok", facts, look)
