"""What axe, the checker of accessibility, finds on a page."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe

_SERIOUS = ("serious", "critical")


def serious_findings(page: Any) -> list[str]:
    """Return the serious findings of a page as it stands, each with its elements."""
    violations = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {violation['help']}: {[node['html'][:200] for node in violation['nodes']]}"
        for violation in violations
        if violation["impact"] in _SERIOUS
    ]
