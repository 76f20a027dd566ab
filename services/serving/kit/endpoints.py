"""The route of the JavaScript client."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(prefix="/static", include_in_schema=False)

_CLIENT = Path(__file__).parent / "aisle.js"
#: The module is the same for everybody and contains no data. A browser asks whether it has changed.
_HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}


@router.get("/aisle.js")
async def client() -> FileResponse:
    """Answer with the JavaScript client, an ES module."""
    return FileResponse(_CLIENT, media_type="text/javascript", headers=_HEADERS)
