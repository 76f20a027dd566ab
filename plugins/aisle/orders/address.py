"""The address of the company API, and the check that its token is not sent in the clear."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from aisle.errors import ConfigurationError


def api_address(host: str, scheme: str | None, port: int | None, *, allow_http: bool) -> str:
    """Return the API's URL. Without a scheme it is https, or http if the host is this machine.

    Raises ConfigurationError for http to another machine, unless that is allowed.
    """
    address = host if "://" in host else f"{scheme or _default_scheme(host)}://{host}"
    parts = urlsplit(f"{address}:{port}" if port else address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(
            f"the host of the Airflow connection company_api gives an address with scheme {parts.scheme!r} and host "
            f"{parts.hostname!r}; write it like https://orders.example.com"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname) and not allow_http:
        raise ConfigurationError(
            f"the Airflow connection company_api says http://{parts.hostname}: its token and the orders of customers "
            "would travel in the clear; write https, or allow it inside a network of your own "
            "(AISLE_INGEST__ALLOW_HTTP=true)"
        )
    return parts.geturl()


def _default_scheme(host: str) -> str:
    return "http" if _is_loopback(urlsplit(f"//{host}").hostname or "") else "https"


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
