from __future__ import annotations

from typing import Any

import pytest
from starlette.datastructures import Headers

from aisle.errors import ConfigurationError
from services.engine.callers import Callers
from services.engine.errors import AccessDenied

HERE = "127.0.0.1:8101"


def refused(signed: bool = False, hosts: str = "", origins: str = "loopback", **headers: str) -> str | None:
    """The refusal of a call with these headers, None if it is let through."""
    try:
        Callers.parse(hosts, origins, signed=signed).check(Headers({"host": HERE, **headers}))
    except AccessDenied as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8101", "LOCALHOST:8101", "127.0.0.1", "10.1.2.3:8101", "[::1]:8101", "[2001:db8::1]",
     "engine:8002", "Engine"],
)  # fmt: skip
@pytest.mark.parametrize("signed", [True, False])
def test_addresses_localhost_and_names_of_the_settings_are_known_hosts(host: str, signed: bool) -> None:
    assert refused(signed, hosts="engine, engine.shop.example", host=host) is None


@pytest.mark.parametrize(
    "host",
    ["shop.example", "localhost.shop.example:8101", "127.0.0.1.nip.example", "localhost@shop.example", "engine.evil",
     "notlocalhost", "shop.localhost:80", "::1", "[::1", "127.0.0.1:8101:8101", "localhost:http", ""],
)  # fmt: skip
@pytest.mark.parametrize("signed", [True, False])
def test_any_other_host_is_refused_with_the_setting_that_would_allow_it(host: str, signed: bool) -> None:
    refusal = refused(signed, hosts="engine", host=host)
    assert "ENGINE_ALLOWED_HOSTS" in str(refusal)


def test_any_name_is_taken_where_calls_are_signed_and_does_not_start_where_they_are_not() -> None:
    assert refused(signed=True, hosts="*", host="shop.example") is None
    with pytest.raises(ConfigurationError, match=r"ENGINE_ALLOWED_HOSTS.*ENGINE_ACCESS_KEYS"):
        Callers.parse("engine, *", "loopback", signed=False)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost:3000",
        "http://127.0.0.1:8101",
        "https://shop.localhost",
        "http://[::1]:5173",
        "http://127.9.9.9",
    ],
)
def test_unsigned_engine_answers_pages_of_this_machine(origin: str) -> None:
    assert refused(origin=origin) is None


@pytest.mark.parametrize(
    "origin",
    ["https://shop.example", "http://localhost.shop.example", "null", "", "file://", "http://10.1.2.3:8101",
     "http://localhost:3000/path", "http://localhost:3000 https://shop.example", "chrome-extension://localhost"],
)  # fmt: skip
def test_unsigned_engine_refuses_every_other_page(origin: str) -> None:
    assert "ENGINE_ACCESS_KEYS" in str(refused(origin=origin))
    assert refused(signed=True, origin=origin) is None


def test_call_without_a_host_comes_from_no_browser_and_is_answered() -> None:
    callers = Callers.parse("", "loopback", signed=False)
    callers.check(Headers({}))
    with pytest.raises(AccessDenied):
        callers.check(Headers({"origin": "https://shop.example"}))


def test_without_loopback_in_the_setting_an_unsigned_engine_answers_no_page_but_those_listed() -> None:
    assert refused(origins="", origin="http://localhost:3000")
    assert refused(origins="http://localhost:5173", origin="http://localhost:3000")
    assert refused(origins="http://localhost:5173", origin="http://localhost:5173") is None


def test_long_header_is_shortened_in_the_message() -> None:
    assert len(str(refused(origin="https://" + "a" * 10_000))) < 400
    assert len(str(refused(host="a" * 10_000))) < 400


@pytest.mark.parametrize(
    "origins", ["*", "https://shop.example", "loopback, http://10.0.0.1:3000", "http://localhost,*"]
)
def test_what_would_let_foreign_pages_drive_an_unsigned_engine_does_not_start(origins: str) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_ACCESS_KEYS"):
        Callers.parse("", origins, signed=False)
    Callers.parse("", origins, signed=True)


@pytest.mark.parametrize("origins", ["shop.example", "https://shop.example/", "https://*.shop.example", "ftp://shop"])
def test_setting_that_names_no_origin_does_not_start(origins: str) -> None:
    with pytest.raises(ConfigurationError, match="ENGINE_CORS_ORIGINS has"):
        Callers.parse("", origins, signed=True)


@pytest.mark.parametrize(
    ("origins", "allowed", "other"),
    [
        ("*", ["https://shop.example", "http://localhost:1", "null"], []),
        ("https://shop.example", ["https://shop.example", "https://Shop.Example"],
         ["http://shop.example", "https://shop.example:8443", "https://a.shop.example", "http://localhost"]),
        ("https://a.example,loopback", ["https://a.example", "http://localhost:9"], ["https://b.example", "null"]),
        ("", [], ["http://localhost:9", "null"]),
    ],
)  # fmt: skip
def test_signed_engine_lets_pages_of_the_listed_origins_read(origins: str, allowed: Any, other: Any) -> None:
    known = Callers.parse("", origins, signed=True).origins
    assert [origin for origin in [*allowed, *other] if known.allow(origin)] == allowed
