#!/usr/bin/env bash
# Expected: a body that cannot be read is a 422 as the OpenAPI document says; an exception with a handler of its own reaches it.
# Happens:  whatever is raised while FastAPI reads a body for a route becomes a 400 "There was an error parsing the body": a
#           body that is no UTF-8, and also an exception of the application, as of a middleware that limits the size and
#           has a handler for 413. In a route that reads the request itself the same exception is a 413. JSON that is cut
#           off is a 422. The document names no 400.
# Version:  fastapi 0.136.3
# Hurts:    senders take a 400 for final and drop the events, where 413 says to send smaller batches; generated clients do
#           not know it.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check fastapi==0.136.3 httpx==0.28.1
PYTHONWARNINGS=ignore "$work/venv/bin/python" - <<'PY'
import fastapi
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.testclient import TestClient
from pydantic import BaseModel

LIMIT = 100


class TooLarge(Exception):
    """The body is larger than the limit."""


class Event(BaseModel):
    item_id: str


class SizeLimit:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def limited():
            message = await receive()
            if len(message.get("body", b"")) > LIMIT:
                raise TooLarge
            return message

        await self.app(scope, limited if scope["type"] == "http" else receive, send)


app = FastAPI()
app.add_middleware(SizeLimit)


@app.exception_handler(TooLarge)
def too_large(request: Request, error: TooLarge) -> JSONResponse:
    return JSONResponse({"detail": "send smaller batches"}, 413)


@app.post("/events")
def declared(event: Event) -> Event:
    return event


@app.post("/raw")
async def raw(request: Request) -> int:
    return len(await request.body())


print("fastapi", fastapi.__version__)
client = TestClient(app)
json_type = {"Content-Type": "application/json"}
bodies = {
    "/events, too large": ("/events", b'{"item_id": "' + b"x" * LIMIT + b'"}', 400),
    "/raw, too large": ("/raw", b"x" * (LIMIT + 1), 413),
    "/events, no UTF-8": ("/events", b'{"item_id": "\xff"}', 400),
    "/events, cut off": ("/events", b'{"item_id": ', 422),
}
for name, (path, body, status) in bodies.items():
    answer = client.post(path, content=body, headers=json_type)
    print(f"{name:20} {answer.status_code} {answer.text[:70]}")
    assert answer.status_code == status, name
documented = set(client.get("/openapi.json").json()["paths"]["/events"]["post"]["responses"])
print("documented:", *sorted(documented))
assert documented == {"200", "422"}
PY
