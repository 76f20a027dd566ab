"""Text as the warehouse keeps it."""

from __future__ import annotations


def tidy(text: str | None) -> str | None:
    """Single-spaced and trimmed, without NUL, which PostgreSQL cannot store; None if nothing is left."""
    return " ".join(text.replace("\x00", "").split()) or None if text else None
