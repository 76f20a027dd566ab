"""The files that draw charts, which every program with pages serves itself."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

TEMPLATES = Path(__file__).parent / "templates"
_FOLDER = Path(__file__).parent / "assets"


class Asset(NamedTuple):
    """A file and its media type."""

    path: Path
    media_type: str


#: Name in the address → file.
ASSETS = {
    "chart.umd.min.js": Asset(_FOLDER / "chart.umd.min.js", "text/javascript"),
    "charts.js": Asset(_FOLDER / "charts.js", "text/javascript"),
    "charts.css": Asset(_FOLDER / "charts.css", "text/css"),
}
