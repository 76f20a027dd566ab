"""Who may send events: Amplitude with the secret, an SDK with the key that it was given, a program with its own."""

from __future__ import annotations

import hmac

from fastapi import Request

from services.serving.auth import check_api_key
from services.serving.errors import Unauthorized
from services.serving.settings import ServingSettings

#: Amplitude sends a secret in a header of the receiver's choice.
SECRET_HEADER = "X-Webhook-Secret"


def may_send(settings: ServingSettings, request: Request) -> bool:
    """Whether a request has the API key of a program, or the secret.

    Without a secret configured anybody has it, where only this machine can ask.
    """
    if _is_of_program(request):
        return True
    secret = settings.amplitude_webhook_secret.get_secret_value()
    if not secret:
        return settings.listens_on_loopback and not settings.amplitude_api_key.get_secret_value()
    return _equal(request.headers.get(SECRET_HEADER, ""), secret)


def _is_of_program(request: Request) -> bool:
    try:
        check_api_key(request)
    except Unauthorized:
        return False
    return True


def has_api_key(settings: ServingSettings, body: object) -> bool:
    """Whether a body has the API key of the SDKs, if one is configured."""
    key = settings.amplitude_api_key.get_secret_value()
    sent = body.get("api_key") if isinstance(body, dict) else None
    return bool(key) and isinstance(sent, str) and _equal(sent, key)


def refusal() -> Unauthorized:
    """Why a request is refused, without telling whether a secret is configured or which one is missing."""
    return Unauthorized(
        f"send the secret of AMPLITUDE_WEBHOOK_SECRET in the header {SECRET_HEADER}, or, from an SDK, the api_key of "
        "SERVING_AMPLITUDE_API_KEY, or, from a program, its API key; nothing was stored"
    )


def _equal(sent: str, known: str) -> bool:
    return hmac.compare_digest(sent.encode(errors="replace"), known.encode())
