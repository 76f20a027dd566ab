#!/usr/bin/env bash
# Expected: as with requests, `params` are added to the query that an address has already.
# Happens:  with httpx they take its place, also those given once to the client. A paged API's next link loses its cursor,
#           so the API answers with its first page again, status 200, as often as it is asked. Even `params={}` removes the query.
# Version:  httpx 0.28.1, beside requests 2.34.2
# Hurts:    a loader of orders that follows next links with a page size among its params loads page one for ever, or, where
#           it stops at "nothing new", loads page one only and is green. Merge by URL.copy_merge_params.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check httpx==0.28.1 requests==2.34.2
"$work/venv/bin/python" - <<'PY'
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version
from urllib.parse import parse_qs, urlsplit

import httpx
import requests

N_PAGES = 3


class Orders(BaseHTTPRequestHandler):
    """An API of three pages: `cursor` names the page, and the header Link the next one."""

    def do_GET(self):
        page = int(parse_qs(urlsplit(self.path).query).get("cursor", ["1"])[0])
        self.send_response(200)
        if page < N_PAGES:
            self.send_header("Link", f'<{address}?cursor={page + 1}>; rel="next"')
        body = str(page).encode()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def pages(get):
    link = address
    for _ in range(5):
        answer = get(link)
        yield answer.text
        if "next" not in answer.links:
            return
        link = answer.links["next"]["url"]


server = HTTPServer(("127.0.0.1", 0), Orders)
address = f"http://127.0.0.1:{server.server_port}/orders"
threading.Thread(target=server.serve_forever, daemon=True).start()

print("httpx", version("httpx"), "requests", version("requests"))
ways = {
    "requests, params of the call": lambda link: requests.get(link, params={"limit": 100}),
    "httpx, params of the call": lambda link: httpx.get(link, params={"limit": 100}),
    "httpx, params of the client": httpx.Client(params={"limit": 100}).get,
    "httpx, merged": lambda link: httpx.get(httpx.URL(link).copy_merge_params({"limit": 100})),
    "httpx, empty params": lambda link: httpx.get(link, params={}),
}
read = {way: "".join(pages(get)) for way, get in ways.items()}
for way, numbers in read.items():
    print(f"{way:30} pages {' '.join(numbers)}{' …' if len(numbers) == 5 else ''}")
assert list(read.values()) == ["123", "11111", "11111", "123", "11111"], read
server.shutdown()
PY
