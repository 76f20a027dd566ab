"""Pages for people: what the engine holds, what it is doing, and how good its models are. HTML alone, no script."""

from __future__ import annotations

from services.engine.pages.entries import FOLDERS
from services.engine.pages.site import Site

__all__ = ["FOLDERS", "Site"]
