"""Who may send events: whoever has the webhook's secret or an API key, or an SDK with the key that it was given."""

from __future__ import annotations

import hmac

from fastapi import Request

from aisle.web_guard import address_of
from services.serving.auth import has_api_key
from services.serving.errors import Unauthorized
from services.serving.settings import ServingSettings

#: Amplitude sends a secret in a header of the receiver's choice.
SECRET_HEADER = "X-Webhook-Secret"
#: What a proxy says of a request that it passes on.
_PASSED_ON = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")


def may_send(settings: ServingSettings, request: Request) -> bool:
    """Whether a request has an API key, or the secret. Without one configured anybody has it, where only this machine
    can ask.
    """
    if has_api_key(request):
        return True
    secret = settings.amplitude_webhook_secret.get_secret_value()
    if not secret:
        return not settings.amplitude_api_key.get_secret_value() and _only_this_machine_asks(settings, request)
    return _equal(request.headers.get(SECRET_HEADER, ""), secret)


def _only_this_machine_asks(settings: ServingSettings, request: Request) -> bool:
    """Whether a request comes from this machine itself. Behind a local proxy everybody's does, by its address: a proxy
    gives itself away by its headers, or by the public name that the settings allow.
    """
    peer = address_of(request.client.host) if request.client else None
    is_near = settings.listens_on_loopback and (peer is None or peer.is_loopback)
    return is_near and not settings.allowed_hosts and not any(name in request.headers for name in _PASSED_ON)


def has_sdk_key(settings: ServingSettings, body: object) -> bool:
    """Whether a body has the API key of the SDKs, if one is configured."""
    key = settings.amplitude_api_key.get_secret_value()
    sent = body.get("api_key") if isinstance(body, dict) else None
    return bool(key) and isinstance(sent, str) and _equal(sent, key)


def refusal() -> Unauthorized:
    """Why a request is refused, without telling whether a secret is configured or which one is missing."""
    return Unauthorized(
        f"send the secret of AMPLITUDE_WEBHOOK_SECRET in the header {SECRET_HEADER}, or, from an SDK, the api_key of "
        "SERVING_AMPLITUDE_API_KEY; nothing was stored"
    )


def _equal(sent: str, known: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), known.encode())
