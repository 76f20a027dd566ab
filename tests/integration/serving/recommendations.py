"""How tests ask for recommendations."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient


def ask(api: TestClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = api.get(f"/api/v1/{path}", params=parameters)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
