"""Recipes, algorithms and feature transformations: read only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, TypeVar

from services.engine.catalogue import ALGORITHMS, RECIPES, SERVICE_ARN, TRANSFORMATIONS
from services.engine.errors import InvalidInput, NotFound
from services.engine.operations.base import MAX_PAGE, Answer, Call, Operations, offset_of, token_of


class _Described(Protocol):
    @property
    def body(self) -> dict[str, Any]: ...


_Thing = TypeVar("_Thing", bound=_Described)


class RecipeOperations(Operations):
    """Operations on recipes, algorithms and feature transformations."""

    def describe_recipe(self, call: Call) -> Answer:
        by_arn = {recipe.arn: recipe for recipe in RECIPES.values()}
        return {"recipe": _find(by_arn, call["recipeArn"], "recipe").body}

    def list_recipes(self, call: Call) -> Answer:
        """List recipes in order of their names; with a domain, only those of its recommenders."""
        domain = call.get("domain")
        names = sorted(name for name, recipe in RECIPES.items() if domain in (None, recipe.domain))
        start, size = offset_of(call.get("nextToken")) or 0, call.get("maxResults", MAX_PAGE)
        answer: Answer = {"recipes": [RECIPES[name].body for name in names[start : start + size]]}
        if len(names) > start + size:
            answer["nextToken"] = token_of(start + size)
        return answer

    def describe_algorithm(self, call: Call) -> Answer:
        return {"algorithm": _find(ALGORITHMS, call["algorithmArn"], "algorithm").body}

    def describe_feature_transformation(self, call: Call) -> Answer:
        transformation = _find(TRANSFORMATIONS, call["featureTransformationArn"], "feature-transformation")
        return {"featureTransformation": transformation.body}


def _find(things: Mapping[str, _Thing], arn: str, tail: str) -> _Thing:
    if not arn.startswith(f"{SERVICE_ARN}{tail}/"):
        raise InvalidInput(f"'{arn}' is not an ARN of the kind {tail}; DescribeRecipe and ListRecipes return them")
    if arn not in things:
        raise NotFound(f"Resource Arn {arn} does not exist; DescribeRecipe and ListRecipes return those that do")
    return things[arn]
