"""Pages for people: the engine's resources and jobs, and the quality of its models. The only scripts draw charts."""

from __future__ import annotations

from services.engine.pages.entries import FOLDERS
from services.engine.pages.site import Site

__all__ = ["FOLDERS", "Site"]
