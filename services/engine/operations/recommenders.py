"""Recommenders of domain dataset groups, which the engine does not have: requests are checked and then refused."""

from __future__ import annotations

from personalize_kinds.kinds import DATASET_GROUP, RECOMMENDER
from services.engine.catalogue import recipe_of
from services.engine.errors import InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource

NOT_COVERED = (
    "Recommenders are not covered by the engine; create a solution and a campaign in {group}, or send this call to "
    "Amazon Personalize"
)


class RecommenderOperations(Operations):
    """Operations on recommenders. None can be created, so none is found."""

    def create_recommender(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        _check_recipe(call["recipeArn"], group)
        raise InvalidInput(NOT_COVERED.format(group=group.arn))

    def update_recommender(self, call: Call) -> Answer:
        return self.describe(RECOMMENDER, call)

    def start_recommender(self, call: Call) -> Answer:
        return self.describe(RECOMMENDER, call)

    def stop_recommender(self, call: Call) -> Answer:
        return self.describe(RECOMMENDER, call)

    def delete_recommender(self, call: Call) -> Answer:
        return self.describe(RECOMMENDER, call)

    def describe_recommender(self, call: Call) -> Answer:
        return self.describe(RECOMMENDER, call)

    def list_recommenders(self, call: Call) -> Answer:
        return self.list(RECOMMENDER, call, parent=DATASET_GROUP)


def _check_recipe(arn: str, group: Resource) -> None:
    recipe = recipe_of(arn)
    if recipe is None or recipe.domain is None:
        raise InvalidInput(f"{arn} is not a recipe of a domain; ListRecipes with a domain returns those")
    if recipe.domain != group.body.get("domain"):
        raise InvalidInput(
            f"The recipe {arn} is for the domain {recipe.domain}, the dataset group {group.arn} for "
            f"{group.body.get('domain') or 'none'}; use a recipe of the group's domain"
        )
