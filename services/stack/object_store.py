"""The embedded S3 server: moto's S3 in memory, for requests with the stack's own access key only.

moto by itself answers every web page, checks no signature and has a route that empties it. Here every request but
`GET /health` is signed with the key, pages of others are refused, and nothing but S3 is routed.

Run as `python -m services.stack.object_store`, told by the variables that its clients are told by:
AWS_ENDPOINT_URL_S3, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

import hmac
import os
import re
import signal
import sys
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.moto_server.werkzeug_app import MotoRequestHandler, create_backend_app
from starlette.datastructures import Headers
from werkzeug.datastructures import EnvironHeaders
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from aisle.web_guard import Audience

HEALTH_PATH = "/health"

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key_id>[^/,\s]+)/(?P<date>\d{8})/(?P<region>[^/,\s]+)/s3/aws4_request"
    r",\s*SignedHeaders=(?P<headers>[^,\s]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
#: Without these a signature would say nothing about where, when and what.
_MUST_BE_SIGNED = {"host", "x-amz-content-sha256", "x-amz-date"}

Environ = dict[str, Any]


class Door:
    """WSGI middleware that checks requests to an S3 application."""

    def __init__(self, application: Any, credentials: Credentials) -> None:
        self._application = application
        self._credentials = credentials
        self._audience = Audience()

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        application = self._refusal(environ) or self._application
        answered: Iterable[bytes] = application(environ, start_response)
        return answered

    def _refusal(self, environ: Environ) -> Response | None:
        headers = Headers(dict(EnvironHeaders(environ)))
        if reason := self._audience.refusal(environ["REQUEST_METHOD"], headers):
            return _denied("AccessDenied", reason)
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == HEALTH_PATH:
            return Response("ok")
        if not is_signed(environ["REQUEST_METHOD"], environ["RAW_URI"], headers, self._credentials):
            return _denied("SignatureDoesNotMatch", "Sign the request with the access key of this stack.")
        return None


def is_signed(method: str, raw_uri: str, headers: Headers, credentials: Credentials) -> bool:
    """Whether the request is signed with the access key, by Signature Version 4 in its header.

    `raw_uri` is path and query as they travelled. The body is as good as the hash of it that is signed; how old the
    signature is does not count, because clocks of the tests run ahead.
    """
    parts = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not parts or parts["key_id"] != credentials.access_key:
        return False
    names = parts["headers"].split(";")
    if not _MUST_BE_SIGNED.issubset(names) or not headers.get("x-amz-date", "").startswith(parts["date"]):
        return False
    signed = {name: headers.get(name, "") for name in names}
    request = AWSRequest(method, f"http://{headers.get('host', '')}{raw_uri}", signed)
    request.context["timestamp"] = headers["x-amz-date"]
    signer = S3SigV4Auth(credentials, "s3", parts["region"])
    expected = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    return hmac.compare_digest(expected, parts["signature"])


def _denied(code: str, reason: str) -> Response:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{reason}</Message></Error>'
    return Response(body, 403, mimetype="application/xml")


def main() -> None:
    """Serve until told to stop."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    at = urlsplit(os.environ["AWS_ENDPOINT_URL_S3"])
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    door = Door(create_backend_app("s3"), credentials)
    server = make_server(
        at.hostname or "127.0.0.1", at.port or 80, door, threaded=True, request_handler=MotoRequestHandler
    )
    server.serve_forever()


if __name__ == "__main__":
    main()
