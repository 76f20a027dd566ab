"""The shop page as static files, which object storage can serve: they know the API's address."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.serving.pages import render

STATIC = Path(__file__).parent / "static"
#: The page itself; the others lie beside it.
INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class SiteFile:
    """One file of the site."""

    name: str
    media_type: str
    content: bytes


def site_files(api_url: str) -> list[SiteFile]:
    """Return the files of a site whose page asks the API at `api_url`; the page comes last, when all else is there."""
    page = render("shop.html", here="", api=api_url, files="")
    return [
        SiteFile("shop.css", "text/css; charset=utf-8", (STATIC / "shop.css").read_bytes()),
        SiteFile("shop.js", "text/javascript; charset=utf-8", (STATIC / "shop.js").read_bytes()),
        SiteFile(INDEX, "text/html; charset=utf-8", page.encode()),
    ]
