"""The reports are shown to those who know the password."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from services.reports.app import create_app
from services.reports.settings import ReportsSettings

PASSWORD = "größe:7"


@pytest.fixture
def site(tmp_path: Path) -> TestClient:
    report = tmp_path / "quality" / "index.html"
    report.parent.mkdir()
    report.write_text("<p>what a gate refused</p>")
    settings = ReportsSettings(directory=tmp_path, password=PASSWORD, allowed_hosts="reports")  # type: ignore[arg-type]
    return TestClient(create_app(settings), "http://localhost")


def header(text: str, kind: str = "Basic") -> dict[str, str]:
    return {"authorization": f"{kind} {base64.b64encode(text.encode()).decode()}"}


@pytest.mark.parametrize("kind", ["Basic", "basic"])
def test_the_password_opens_index_and_reports(site: TestClient, kind: str) -> None:
    for path in ("/", "/quality/index.html"):
        assert site.get(path, headers=header(f"admin:{PASSWORD}", kind)).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {},
        header("admin:"),
        header(f"somebody:{PASSWORD}"),
        header(PASSWORD),
        header(f"admin:{PASSWORD}", "Bearer"),
        {"authorization": "Basic"},
        {"authorization": "Basic !!!"},
        {"authorization": "Basic YWRtaW4"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/quality/index.html", "/no-such-report", "/health/../quality/index.html"])
def test_without_it_nobody_learns_which_reports_there_are(site: TestClient, path: str, sent: dict[str, str]) -> None:
    answer = site.get(path, headers=sent)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert PASSWORD not in answer.text


def test_everybody_but_foreign_pages_may_ask_whether_it_is_up(site: TestClient) -> None:
    assert site.get("/health").json() == {"status": "ok"}
    assert site.get("/health", headers={"host": "reports:8001"}).status_code == 200
    assert site.get("/health", headers={"host": "shop.example"}).status_code == 403
    foreign = header(f"admin:{PASSWORD}") | {"origin": "http://shop.example"}
    assert site.get("/quality/index.html", headers=foreign).status_code == 403
