"""How every program of services/ listens."""

from __future__ import annotations

from typing import Any

import uvicorn

#: How long an idle connection stays open. Clients pool connections and call again after a pause; one that was closed
#: meanwhile looks to them like an answer that never came. Longer than the minute for which proxies keep theirs.
KEEP_ALIVE_SECONDS = 75


def serve(app: Any, *, host: str, port: int, **options: Any) -> None:
    """Serve an ASGI application until a signal ends the process; `options` are those of `uvicorn.run`."""
    uvicorn.run(app, host=host, port=port, timeout_keep_alive=KEEP_ALIVE_SECONDS, **options)
