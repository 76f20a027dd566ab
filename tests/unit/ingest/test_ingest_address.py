from __future__ import annotations

import pytest

from aisle.errors import ConfigurationError
from aisle.orders.address import api_address


@pytest.mark.parametrize(
    ("host", "scheme", "port", "address"),
    [
        ("orders.example.com", None, None, "https://orders.example.com"),
        ("orders.example.com", "", 8443, "https://orders.example.com:8443"),
        ("orders.example.com/v2", None, None, "https://orders.example.com/v2"),
        ("10.0.0.7:8080", None, None, "https://10.0.0.7:8080"),
        ("company-api", None, 8003, "https://company-api:8003"),
        ("orders.example.com", "https", None, "https://orders.example.com"),
        ("https://orders.example.com", "http", None, "https://orders.example.com"),
        ("localhost.example.com", None, None, "https://localhost.example.com"),
        ("127.0.0.1.example.com", None, None, "https://127.0.0.1.example.com"),
        ("localhost", None, 8003, "http://localhost:8003"),
        ("127.0.0.1:8003", None, None, "http://127.0.0.1:8003"),
        ("127.8.8.8", None, None, "http://127.8.8.8"),
        ("[::1]:8003", None, None, "http://[::1]:8003"),
        ("api.localhost", None, None, "http://api.localhost"),
        ("http://127.0.0.1:8003", None, None, "http://127.0.0.1:8003"),
    ],
)
def test_an_address_is_https_unless_it_is_this_machine(
    host: str, scheme: str | None, port: int | None, address: str
) -> None:
    assert api_address(host, scheme, port, allow_http=False) == address


@pytest.mark.parametrize(
    ("host", "scheme"),
    [
        ("http://orders.example.com", None),
        ("orders.example.com", "http"),
        ("HTTP://orders.example.com", None),
        ("http://company-api:8003", None),
        ("http://127.0.0.1@orders.example.com", None),
        ("http://[2001:db8::1]", None),
    ],
)
def test_http_to_another_machine_is_refused_unless_it_is_allowed(host: str, scheme: str | None) -> None:
    with pytest.raises(ConfigurationError, match="AISLE_INGEST__ALLOW_HTTP"):
        api_address(host, scheme, None, allow_http=False)
    assert api_address(host, scheme, None, allow_http=True).lower().startswith("http://")


@pytest.mark.parametrize("host", ["ftp://orders.example.com", "file:///etc/passwd", "https://", "://x"])
def test_an_address_that_is_none_is_named(host: str) -> None:
    with pytest.raises(ConfigurationError, match="connection company_api"):
        api_address(host, None, None, allow_http=True)


def test_a_password_in_an_address_is_not_shown() -> None:
    with pytest.raises(ConfigurationError) as raised:
        api_address("http://user:hunter2@orders.example.com", None, None, allow_http=False)
    assert "hunter2" not in str(raised.value)
