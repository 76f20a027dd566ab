"""Charts on pages: described here, drawn by Chart.js in the browser, each with its figures as a table.

A page draws with the macros of `charts.html` in `TEMPLATES`; `head` loads `ASSETS` from where its program serves them.
Colours are the page's own custom properties, read again when its theme changes. Chart.js
(MIT, `assets/chart-LICENSE.md`) is the unchanged file of its release; nothing is loaded from elsewhere.
"""

from __future__ import annotations

from aisle.charts.assets import ASSETS, TEMPLATES, Asset
from aisle.charts.charts import Chart, Level, Point, Series, columns, comparison, curves, history, intervals, trend

__all__ = [
    "ASSETS",
    "TEMPLATES",
    "Asset",
    "Chart",
    "Level",
    "Point",
    "Series",
    "columns",
    "comparison",
    "curves",
    "history",
    "intervals",
    "trend",
]
