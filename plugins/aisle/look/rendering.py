"""Templates: those of a program, and the frame and the charts that all programs share."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from aisle import charts

_TEMPLATES = Path(__file__).parent / "templates"


def environment(*folders: Path) -> Environment:
    """Return the templates of these folders. Everything is escaped, whatever a template's name ends in."""
    return Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES, charts.TEMPLATES]), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
