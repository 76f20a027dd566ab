"""The look of every page, whichever program serves it: one frame, one style sheet, and the files of the charts.

A program's pages extend `frame.html`. `look.css` has the colours, the type, and what tables, forms and notes look like;
a program adds only what its own pages need. Each program serves `ASSETS` itself; nothing is loaded from elsewhere.
"""

from __future__ import annotations

from aisle.charts import Asset
from aisle.look.files import ASSET_HEADERS, ASSETS, STYLE, stylesheet
from aisle.look.rendering import environment

__all__ = ["ASSETS", "ASSET_HEADERS", "STYLE", "Asset", "environment", "stylesheet"]
