"""The check of itemExplorationConfig, for campaigns and batch jobs."""

from __future__ import annotations

from collections.abc import Mapping

from services.engine.catalogue import Recipe
from services.engine.errors import InvalidInput

#: The only recipe whose exploration can be set. Recipes of the second version explore at a fixed rate.
EXPLORING = "aws-user-personalization"
#: Minimum and maximum of each member of itemExplorationConfig.
BOUNDS = {"explorationWeight": (0.0, 1.0), "explorationItemAgeCutOff": (1.0, float("inf"))}


def check(config: Mapping[str, str], recipe: Recipe) -> None:
    """Raise InvalidInput if an itemExplorationConfig is not for this recipe, or has a wrong member or value."""
    if config and recipe.name != EXPLORING:
        raise InvalidInput(
            f"itemExplorationConfig belongs to {EXPLORING}, not to {recipe.name}; leave it out, or pass an empty one"
        )
    for name, text in config.items():
        if name not in BOUNDS:
            raise InvalidInput(f"itemExplorationConfig has no '{name}'; it may hold {', '.join(BOUNDS)}")
        low, high = BOUNDS[name]
        number = _number(text)
        if number is None or not low <= number <= high:
            raise InvalidInput(f"{name} of itemExplorationConfig is '{text}'; pass a number from {low:g} to {high:g}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
