"""How the warehouse stores text."""

from __future__ import annotations

import re

#: Control characters that are no white space. PostgreSQL cannot store NUL; the others steer terminals.
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def tidy(text: str | None) -> str | None:
    """Return `text` single-spaced and trimmed, without control characters; None if nothing is left."""
    return " ".join(_CONTROLS.sub("", text).split()) or None if text else None
