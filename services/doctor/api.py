"""Checks of the serving API: does it answer, how fast, and does the webhook take events."""

from __future__ import annotations

import uuid

import httpx

from services.doctor.findings import Finding, graded

#: What the API promises of a cached list, network aside.
_SLOW_MILLISECONDS = 200
_TIMEOUT_SECONDS = 10
#: An event of this type says nothing about an item: it is stored as skipped.
SELF_TEST = "aisle_self_test"
_NOT_AISLE = "not an answer of Aisle"
_NO_ANSWER = "start the API, or correct its address"


class ApiChecks:
    """The checks of one API, by the address that its callers use."""

    def __init__(self, client: httpx.Client, api_key: str, webhook_secret: str = "") -> None:
        self._client = client
        self._api_key = api_key
        self._webhook_secret = webhook_secret

    @classmethod
    def of(cls, url: str, api_key: str, webhook_secret: str) -> ApiChecks:
        """Make the checks of an address."""
        return cls(httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS), api_key, webhook_secret)

    def readiness(self) -> Finding:
        """Whether the API is ready, which generation it serves, and how long a list takes."""
        subject = f"API at {self._client.base_url}"
        try:
            health = self._client.get("/health/ready")
            popular = self._client.get("/api/v1/popular", params={"limit": 1}, headers={"X-API-Key": self._api_key})
        except httpx.TransportError as error:
            return graded(subject, [f"no answer ({type(error).__name__})"], failed=_NO_ANSWER)
        milliseconds = popular.elapsed.total_seconds() * 1000
        facts = [_said(health), f"popular products: {_said(popular)}, {milliseconds:.0f} ms"]
        failed = "do what the message says" if not health.is_success else ""
        if _NOT_AISLE in facts[0]:
            failed = "something else listens there: correct the address"
        if popular.status_code == httpx.codes.UNAUTHORIZED:
            failed = "this API key is not accepted: give another one (--api-key or AISLE_API_KEY)"
        slow = "slow: compare with the look-ups above, then look at the load of the machine"
        return graded(subject, facts, failed=failed, look=slow if milliseconds > _SLOW_MILLISECONDS else "")

    def webhook(self) -> Finding:
        """Whether an event that is sent as Amplitude sends it arrives in the warehouse."""
        event = {"event_type": SELF_TEST, "user_id": SELF_TEST, "insert_id": uuid.uuid4().hex}
        # Amplitude has no API key: with one, a wrong secret would go unseen.
        headers = {"X-Webhook-Secret": self._webhook_secret} if self._webhook_secret else {}
        try:
            answer = self._client.post("/webhooks/amplitude/", json={"events": [event]}, headers=headers)
        except httpx.TransportError as error:
            return graded(
                "webhook", [f"no answer ({type(error).__name__})"], failed="start the API, or correct the address"
            )
        failed = "do what the message says" if not answer.is_success else ""
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            failed = "the secret is another one: AMPLITUDE_WEBHOOK_SECRET must be that of the API and of Amplitude"
        return graded("webhook", [f"a test event: {_said(answer)}"], failed=failed)


def _said(response: httpx.Response) -> str:
    """The status, and the message of an error or the generation."""
    try:
        body = response.json()
        error = body.get("error", {})
        said = error.get("message") or (f"generation {body['generation']}" if body.get("generation") else "")
    except (ValueError, AttributeError):
        said = _NOT_AISLE
    return f"{response.status_code} {said}".strip()
