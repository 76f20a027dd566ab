"""The files that draw charts, which every program with pages serves itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"
_FOLDER = Path(__file__).parent / "assets"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file and its media type."""

    path: Path
    media_type: str


#: Name in the address → file.
ASSETS = {
    "chart.umd.min.js": Asset(_FOLDER / "chart.umd.min.js", "text/javascript"),
    "charts.js": Asset(_FOLDER / "charts.js", "text/javascript"),
    "charts.css": Asset(_FOLDER / "charts.css", "text/css"),
}
