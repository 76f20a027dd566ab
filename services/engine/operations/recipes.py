"""The recipes that can be trained: read only."""

from __future__ import annotations

import re
from typing import NamedTuple

from services.engine.errors import InvalidInput, NotFound
from services.engine.operations.base import MAX_PAGE, Answer, Call, Operations, offset_of, token_of

RECIPE_ARN = re.compile(r"arn:aws:personalize:::recipe/(?P<name>[a-zA-Z0-9\-_]+)")
#: The service's own resources are older than any account's.
PUBLISHED_AT = 1_565_049_600.0


class Recipe(NamedTuple):
    """One recipe: its type, its batch key follows from the model."""

    name: str
    type: str
    description: str
    algorithm: str
    feature_transformation: str

    @property
    def arn(self) -> str:
        return f"arn:aws:personalize:::recipe/{self.name}"

    @property
    def body(self) -> Answer:
        """As DescribeRecipe tells it."""
        return {
            "name": self.name,
            "recipeArn": self.arn,
            "algorithmArn": f"arn:aws:personalize:::algorithm/{self.algorithm}",
            "featureTransformationArn": f"arn:aws:personalize:::feature-transformation/{self.feature_transformation}",
            "status": "ACTIVE",
            "description": self.description,
            "recipeType": self.type,
            "creationDateTime": PUBLISHED_AT,
            "lastUpdatedDateTime": PUBLISHED_AT,
        }


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "aws-user-personalization-v2",
            "USER_PERSONALIZATION",
            "Recommends items to users from everything that users did.",
            "aws-user-personalization-v2",
            "JSON-percentile-filtering",
        ),
        Recipe(
            "aws-user-personalization",
            "USER_PERSONALIZATION",
            "Recommends items to users from everything that users did.",
            "aws-user-personalization",
            "JSON-percentile-filtering",
        ),
        Recipe(
            "aws-popularity-count",
            "USER_PERSONALIZATION",
            "Recommends the items that most users took.",
            "aws-popularity-count",
            "sims",
        ),
        Recipe(
            "aws-similar-items",
            "RELATED_ITEMS",
            "Recommends items like a given one.",
            "aws-similar-items",
            "sims",
        ),
        Recipe("aws-sims", "RELATED_ITEMS", "Recommends items taken together with a given one.", "aws-sims", "sims"),
    )
}


def recipe_of(arn: str) -> Recipe | None:
    """The recipe of an ARN, or None if the engine has none of that name."""
    matched = RECIPE_ARN.fullmatch(arn)
    return RECIPES.get(matched["name"]) if matched else None


class RecipeOperations(Operations):
    """What can be trained."""

    def describe_recipe(self, call: Call) -> Answer:
        if not RECIPE_ARN.fullmatch(call["recipeArn"]):
            raise InvalidInput(f"'{call['recipeArn']}' is not the ARN of a recipe; ListRecipes returns them")
        recipe = recipe_of(call["recipeArn"])
        if recipe is None:
            raise NotFound(f"Resource Arn {call['recipeArn']} does not exist here; ListRecipes returns those that do")
        return {"recipe": recipe.body}

    def list_recipes(self, call: Call) -> Answer:
        """By name; domain recipes belong to recommenders, which the engine has none of."""
        names = [] if call.get("domain") else sorted(RECIPES)
        start, size = offset_of(call.get("nextToken")) or 0, call.get("maxResults", MAX_PAGE)
        answer: Answer = {"recipes": [RECIPES[name].body for name in names[start : start + size]]}
        if len(names) > start + size:
            answer["nextToken"] = token_of(start + size)
        return answer
