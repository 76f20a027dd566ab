from __future__ import annotations

import inspect
from collections.abc import Iterator

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from services.serving.app import DOMAINS

ROUTES = [route for domain in DOMAINS for route in domain.router.routes if isinstance(route, APIRoute)]


def dependencies_of(dependant: Dependant) -> Iterator[object]:
    """All that a route depends on, through other dependencies too."""
    for dependency in dependant.dependencies:
        yield dependency.call
        yield from dependencies_of(dependency)


def is_coroutine(call: object) -> bool:
    """Whether FastAPI awaits a dependency: a function, or an object such as a security scheme."""
    return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(type(call).__call__)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{'-'.join(sorted(route.methods))} {route.path}")
def test_no_dependency_waits_for_a_thread_of_the_pool(route: APIRoute) -> None:
    """A plain function would: with every request, however little it does."""
    assert [call for call in dependencies_of(route.dependant) if not is_coroutine(call)] == []
    assert inspect.iscoroutinefunction(route.endpoint)
