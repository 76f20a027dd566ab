"""Pictures of pages, for people who want to look at them."""

from __future__ import annotations

import os
from typing import Any


def picture(page: Any, name: str) -> None:
    """Keep a picture of the whole page in the folder AISLE_PICTURES, if it is named."""
    if folder := os.environ.get("AISLE_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
