"""Files that pages load. They contain no data, so everybody may have them."""

from __future__ import annotations

from pathlib import Path

from markupsafe import Markup

from aisle import charts
from aisle.charts import Asset

_FOLDER = Path(__file__).parent / "assets"
STYLE = Asset(_FOLDER / "look.css", "text/css")

#: Name in the address → file.
ASSETS = {"look.css": STYLE, "icon.svg": Asset(_FOLDER / "icon.svg", "image/svg+xml"), **charts.ASSETS}
ASSET_HEADERS = {"Cache-Control": "private, max-age=300", "X-Content-Type-Options": "nosniff"}


def stylesheet(*more: Path) -> Markup:
    """Return the style sheet of all pages, and a program's own after it, to stand in a page itself."""
    return Markup("\n".join(path.read_text() for path in (STYLE.path, *more)))
