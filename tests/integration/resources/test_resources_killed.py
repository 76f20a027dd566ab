from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aisle.groups.environment import Environment
from aisle.resources.apply import apply, plans
from aisle.resources.live import Service
from personalize_kinds import kinds
from tests.integration.engine_process import EngineProcess


@pytest.fixture
def engine_url(tmp_path: Path, s3_endpoint: str) -> Iterator[str]:
    """An engine in which everything stays in every status for a while, as in the service."""
    running = EngineProcess(tmp_path / "engine", s3_endpoint, ENGINE_STEP_SECONDS="0.15")
    yield running.url
    running.stop()


def test_a_killed_apply_is_continued_by_the_next(
    service: Service,
    personalize: Any,
    described: Callable[[str], Environment],
    shop_text: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop, ready = described(shop_text), service.ready

    def killed_at_the_solutions(kind: kinds.Kind, arn: str) -> None:
        if kind == kinds.SOLUTION:
            raise KeyboardInterrupt
        ready(kind, arn)

    monkeypatch.setattr(service, "ready", killed_at_the_solutions)
    with pytest.raises(KeyboardInterrupt):
        apply(service, shop)
    assert {solution["status"] for solution in personalize.list_solutions()["solutions"]} != {"ACTIVE"}
    monkeypatch.setattr(service, "ready", ready)
    said: list[str] = []
    done = apply(service, shop, say=said.append)
    assert said[:2] == ["creating filter shop-not-bought", "creating filter shop-of-category"]
    assert not [change for change in done[0].changes if change.live and change.live.state == "busy"]
    assert [change.resource.title for change in plans(service, shop)[0].of("wait")] == ["campaign shop-home"]
    assert {change.action for change in plans(service, shop)[0].changes} == {"unchanged", "wait"}
