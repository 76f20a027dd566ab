"""The runtime service: a campaign's answers for one user or item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from personalize_kinds.limits import DEFAULT_RESULTS, MAX_RESULTS, MAX_RESULTS_WITH_METADATA
from services.engine.errors import InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.runtime.answers import Answers, Promotion, Wish
from services.engine.runtime.deployments import Deployment
from services.engine.runtime.issued import new_id, written
from services.engine.runtime.narrowing import Narrowing
from services.engine.runtime.scoring import Asked
from services.engine.schemas import Column

MAX_METADATA_COLUMNS = 10
DEFAULT_ACTIONS, MAX_ACTIONS = 5, 100
ITEMS = "ITEMS"
RANKING = "PERSONALIZED_RANKING"


class RuntimeOperations(Operations):
    """Operations on loaded models. They write nothing; the items of an answer are kept in memory by its id."""

    #: Set when the engine opens, because it needs the data folder.
    answers: Answers

    def get_recommendations(self, call: Call) -> Answer:
        deployment = self._deployment(call)
        if deployment.loaded.recipe.type == RANKING:
            raise InvalidInput(
                f"{call['campaignArn']} serves {deployment.loaded.recipe.name}, which orders a given list; "
                "use GetPersonalizedRanking"
            )
        _check_ids(call, deployment)
        length = call.get("numResults", DEFAULT_RESULTS)
        columns = self._columns(call, deployment)
        _check_length("numResults", length, columns)
        wish = Wish(
            _asked(call), length, self._narrowing(call.request, deployment), self._promotion(call, deployment), columns
        )
        identity = new_id()
        items = self.answers.recommend(deployment, wish, np.random.default_rng(identity.int))
        return self._issue(written(identity), "itemList", items)

    def get_personalized_ranking(self, call: Call) -> Answer:
        deployment = self._deployment(call)
        if deployment.loaded.recipe.type != RANKING:
            raise InvalidInput(
                f"{call['campaignArn']} serves {deployment.loaded.recipe.name}, which orders no given list; use "
                "GetRecommendations, or a campaign of aws-personalized-ranking"
            )
        _check_ids(call, deployment)
        columns = self._columns(call, deployment)
        _check_length("The length of inputList", len(call["inputList"]), columns)
        wish = Wish(_asked(call), narrowing=self._narrowing(call.request, deployment), columns=columns)
        items = self.answers.rank(deployment, wish, call["inputList"])
        return self._issue(written(new_id()), "personalizedRanking", items)

    def get_action_recommendations(self, call: Call) -> Answer:
        """Check the request as the service does, then refuse it: actions are out of scope."""
        for member in ("campaignArn", "userId"):
            if not call.get(member):
                raise InvalidInput(f"GetActionRecommendations needs {member}, which is missing; pass it")
        if call.get("numResults", DEFAULT_ACTIONS) > MAX_ACTIONS:
            raise InvalidInput(f"numResults is {call['numResults']}; pass a number from 0 to {MAX_ACTIONS}")
        self.answers.deployments.of(call["campaignArn"])
        raise InvalidInput(
            "Actions are not covered by the engine: no campaign here serves aws-next-best-action. Use "
            "GetRecommendations, or Amazon Personalize"
        )

    def _deployment(self, call: Call) -> Deployment:
        campaign, recommender = call.get("campaignArn"), call.get("recommenderArn")
        if bool(campaign) == bool(recommender):
            raise InvalidInput("The request needs either campaignArn or recommenderArn; pass one of them")
        if recommender:
            raise InvalidInput(
                "Recommenders of domain dataset groups are not covered by the engine; create a solution and a "
                "campaign, and pass its campaignArn"
            )
        return self.answers.deployments.of(call["campaignArn"])

    def _narrowing(self, request: Mapping[str, Any], deployment: Deployment) -> Narrowing | None:
        """Return the filter of a request or a promotion, None without one."""
        if "filterArn" not in request:
            return None
        chosen = self.answers.deployments.filter(request["filterArn"], deployment)
        if chosen.uses_current_item and deployment.loaded.trained.model.input_key != "itemId":
            raise InvalidInput(
                f"The filter {request['filterArn']} compares with CurrentItem, which only a request about an item has; "
                f"the campaign serves {deployment.loaded.recipe.name}"
            )
        return Narrowing(chosen, request.get("filterValues", {}))

    def _promotion(self, call: Call, deployment: Deployment) -> Promotion | None:
        if not call.get("promotions"):
            return None
        (given,) = call["promotions"]
        percent = given.get("percentPromotedItems")
        if percent is None:
            raise InvalidInput("The promotion has no percentPromotedItems; pass a number from 1 to 100")
        return Promotion(percent, given.get("name"), self._narrowing(given, deployment))

    def _columns(self, call: Call, deployment: Deployment) -> Mapping[str, Callable[[Any], str]]:
        """Return the requested metadata columns, each with the function that writes its cells."""
        asked = call.get("metadataColumns")
        if not asked:
            return {}
        if not deployment.returns_metadata:
            raise InvalidInput(
                f"The campaign {call['campaignArn']} returns no metadata; set enableMetadataWithRecommendations in its "
                "campaignConfig"
            )
        ((dataset, names),) = asked.items()
        if dataset.upper() != ITEMS:
            raise InvalidInput(f"metadataColumns names {dataset}; only columns of {ITEMS} can be returned")
        if len(names) > MAX_METADATA_COLUMNS:
            raise InvalidInput(f"metadataColumns has {len(names)} columns; pass at most {MAX_METADATA_COLUMNS}")
        schema = self.datasets.schema(deployment.loaded.group_arn, ITEMS)
        known = {column.name: column for column in schema.columns} if schema else {}
        known.pop("ITEM_ID", None)
        for name in names:
            if name not in known:
                raise InvalidInput(f"The Items dataset has no column {name}; it has {', '.join(known) or 'none'}")
        return {name: _writer(known[name]) for name in names}

    def _issue(self, recommendation_id: str, member: str, items: list[Answer]) -> Answer:
        self.answers.issued.remember(recommendation_id, [item["itemId"] for item in items])
        return {member: items, "recommendationId": recommendation_id}


def _asked(call: Call) -> Asked:
    return Asked(call.get("userId"), call.get("itemId"), call.get("context", {}))


def _check_ids(call: Call, deployment: Deployment) -> None:
    """Raise InvalidInput without the id that the recipe recommends for; recipes with one list for all need none."""
    model = deployment.loaded.trained.model
    needed = model.input_key if model.live or model.input_key == "itemId" else None
    if needed and not call.get(needed):
        raise InvalidInput(f"{deployment.loaded.recipe.name} recommends by {needed}, which is missing; pass it")


def _check_length(member: str, length: int, columns: Mapping[str, Any]) -> None:
    limit = MAX_RESULTS_WITH_METADATA if columns else MAX_RESULTS
    if length > limit:
        given = " with metadata" if columns else ""
        raise InvalidInput(f"{member} is {length}; at most {limit} items can be requested{given}")


def _writer(column: Column) -> Callable[[Any], str]:
    """Return the function that writes a column's cells: whole numbers without a point, booleans in lower case."""
    if column.type in ("int", "long"):
        return lambda cell: f"{cell:.0f}"
    if column.type == "boolean":
        return lambda cell: str(bool(cell)).lower()
    return str
