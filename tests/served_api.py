"""The serving API over real HTTP, in a thread of the test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from services.serving.app import create_app
from services.stack.postgres import free_port
from tests.serving_shop import api_settings
from tests.waiting import answers, wait_for


@contextmanager
def served_api(**settings: Any) -> Iterator[str]:
    """Run the API with these settings; yield its address."""
    port = free_port()
    app = create_app(api_settings(port=port, **settings))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: answers(f"{url}/health/live"), f"{url} to answer")
        yield url
    finally:
        server.should_exit = True
        thread.join()
