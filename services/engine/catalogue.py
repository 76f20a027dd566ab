"""The recipes of the service, their algorithms and feature transformations, and the parameters of each.

Source: Personalize developer guide, "Choosing a recipe" and the page of each recipe, November 2025.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal

from personalize_kinds.arns import RECIPE_PREFIX
from personalize_kinds.statuses import ACTIVE
from services.engine.recipes.ease import DEFAULT_DIMENSION

SERVICE_ARN = "arn:aws:personalize:::"
RECIPE_ARN = re.compile(rf"{RECIPE_PREFIX}(?P<name>[a-zA-Z0-9\-_]+)")
#: Creation time of the service's own resources.
PUBLISHED_AT = 1_565_049_600.0

USER_PERSONALIZATION, PERSONALIZED_RANKING, RELATED_ITEMS, POPULAR_ITEMS, USER_SEGMENTATION, PERSONALIZED_ACTIONS = (
    "USER_PERSONALIZATION",
    "PERSONALIZED_RANKING",
    "RELATED_ITEMS",
    "POPULAR_ITEMS",
    "USER_SEGMENTATION",
    "PERSONALIZED_ACTIONS",
)
_TIMES = {"creationDateTime": PUBLISHED_AT, "lastUpdatedDateTime": PUBLISHED_AT}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: a number between two bounds, or one of several choices. Values are strings on the wire."""

    name: str
    type: Literal["integer", "continuous", "categorical"]
    default: str
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    tunable: bool = False

    @property
    def range(self) -> dict[str, Any]:
        """The range, as in the answer of DescribeAlgorithm."""
        if self.type == "categorical":
            return {"name": self.name, "values": [*self.choices], "isTunable": self.tunable}
        number = int if self.type == "integer" else float
        bounds = {"minValue": number(self.low), "maxValue": number(self.high)}
        return {"name": self.name, **bounds, "isTunable": self.tunable}

    @property
    def allowed(self) -> str:
        """The allowed values, in words."""
        if self.type == "categorical":
            return f"one of {', '.join(self.choices)}"
        return f"{'a whole' if self.type == 'integer' else 'a'} number from {self.low:g} to {self.high:g}"

    def allows(self, text: str) -> bool:
        """Return whether `text` is a value of the right type within the bounds."""
        if self.type == "categorical":
            return text.lower() in {choice.lower() for choice in self.choices}
        try:
            number = int(text) if self.type == "integer" else float(text)
        except ValueError:
            return False
        return self.low <= number <= self.high


def _integer(name: str, default: int, low: int, high: int, *, tunable: bool = False) -> Parameter:
    return Parameter(name, "integer", str(default), low, high, tunable=tunable)


def _continuous(name: str, default: float, low: float, high: float, *, tunable: bool = False) -> Parameter:
    return Parameter(name, "continuous", str(default), low, high, tunable=tunable)


def _choice(name: str, default: str, *choices: str, tunable: bool = False) -> Parameter:
    return Parameter(name, "categorical", default, choices=choices, tunable=tunable)


def _percentiles(what: str, low: float, high: float) -> tuple[Parameter, ...]:
    return tuple(_continuous(f"{end}_{what}_percentile", value, 0, 1) for end, value in (("min", low), ("max", high)))


@dataclass(frozen=True, slots=True)
class Algorithm:
    """The algorithm of a recipe, and its hyperparameters."""

    name: str
    hyperparameters: tuple[Parameter, ...] = ()

    @property
    def arn(self) -> str:
        return f"{SERVICE_ARN}algorithm/{self.name}"

    @property
    def body(self) -> dict[str, Any]:
        """The algorithm, as in the answer of DescribeAlgorithm."""
        ranges = {
            f"{kind}HyperParameterRanges": [known.range for known in self.hyperparameters if known.type == kind]
            for kind in ("integer", "continuous", "categorical")
        }
        return {
            "name": self.name,
            "algorithmArn": self.arn,
            "defaultHyperParameters": {parameter.name: parameter.default for parameter in self.hyperparameters},
            "defaultHyperParameterRanges": ranges,
            "trainingInputMode": "File",
            **_TIMES,
        }


@dataclass(frozen=True, slots=True)
class FeatureTransformation:
    """How a recipe prepares data before training, and the parameters of that."""

    name: str
    parameters: tuple[Parameter, ...] = ()

    @property
    def arn(self) -> str:
        return f"{SERVICE_ARN}feature-transformation/{self.name}"

    @property
    def body(self) -> dict[str, Any]:
        """The transformation, as in the answer of DescribeFeatureTransformation."""
        return {
            "name": self.name,
            "featureTransformationArn": self.arn,
            "defaultParameters": {parameter.name: parameter.default for parameter in self.parameters},
            "status": ACTIVE,
            **_TIMES,
        }


@dataclass(frozen=True, slots=True)
class Recipe:
    """A recipe of the service; with a domain it is for recommenders. `models.MODELS` lists those the engine trains."""

    name: str
    type: str
    description: str
    algorithm: Algorithm
    transformation: FeatureTransformation | None = None
    domain: str | None = None

    @property
    def arn(self) -> str:
        return f"{RECIPE_PREFIX}{self.name}"

    @property
    def body(self) -> dict[str, Any]:
        """The recipe, as in the answers of DescribeRecipe and ListRecipes."""
        return {
            "name": self.name,
            "recipeArn": self.arn,
            "algorithmArn": self.algorithm.arn,
            "featureTransformationArn": self.transformation.arn if self.transformation else None,
            "status": ACTIVE,
            "description": self.description,
            "recipeType": self.type,
            "domain": self.domain,
            **_TIMES,
        }

    @property
    def second_version(self) -> bool:
        """Whether it is a recipe of the second version, which weighs event types itself."""
        return self.name.endswith("-v2")


_RECENCY_BIAS = (_choice("apply_recency_bias", "true", "true", "false"),)
_MASK = _choice("recency_mask", "True", "True", "False", tunable=True)
_BPTT = _integer("bptt", 32, 2, 32, tunable=True)
_RECURRENT = (_integer("hidden_dimension", DEFAULT_DIMENSION, 32, 256, tunable=True), _BPTT, _MASK)
_RECURRENT_SMALL = (_integer("hidden_dimension", 43, 32, 256, tunable=True), _BPTT, _MASK)
_AFFINITY = (_integer("hidden_dimension", DEFAULT_DIMENSION, 32, 256),)
_SIMS = (
    _continuous("popularity_discount_factor", 0.5, 0, 1, tunable=True),
    _integer("min_cointeraction_count", 3, 0, 10, tunable=True),
)
_SIMILAR_ITEMS = (
    _integer("item_id_hidden_dim", 100, 30, 200, tunable=True),
    _integer("item_metadata_hidden_dim", 100, 30, 200, tunable=True),
    _continuous("popularity_discount_factor", 0.0, 0, 1),
)
_HISTORY = _percentiles("user_history_length", 0.0, 0.99)
_COLD_START = (
    _integer("cold_start_max_interactions", 15, 1, 1_000_000),
    _continuous("cold_start_max_duration", 5.0, 0, 1_000_000),
    _choice("cold_start_relative_from", "latestItem", "currentTime", "latestItem"),
    *_HISTORY,
)
_TREND = (_choice("trend_discovery_frequency", "2 hours", "30 minutes", "1 hour", "2 hours", "3 hours", "1 day"),)

PERCENTILE_FILTERING = FeatureTransformation("JSON-percentile-filtering", _HISTORY)
SIMS_FILTERING = FeatureTransformation(
    "sims",
    (
        *_percentiles("user_history_length", 0.005, 0.995),
        *_percentiles("item_interaction_count", 0.01, 0.9),
    ),
)

_CUSTOM = (
    Recipe(
        "aws-user-personalization-v2", USER_PERSONALIZATION,
        "Recommends items to users from everything that users did.",
        Algorithm("aws-user-personalization-v2", _RECENCY_BIAS),
    ),
    Recipe(
        "aws-user-personalization", USER_PERSONALIZATION,
        "Recommends items to users from everything that users did.",
        Algorithm("aws-user-personalization", _RECURRENT), PERCENTILE_FILTERING,
    ),
    Recipe(
        "aws-popularity-count", USER_PERSONALIZATION, "Recommends the items that most users interacted with.",
        Algorithm("aws-popularity-count"), SIMS_FILTERING,
    ),
    Recipe(
        "aws-trending-now", POPULAR_ITEMS, "Recommends the items whose popularity grows fastest.",
        Algorithm("aws-trending-now-custom"), FeatureTransformation("aws-trending-now-custom", _TREND),
    ),
    Recipe(
        "aws-personalized-ranking-v2", PERSONALIZED_RANKING, "Orders given items for a user.",
        Algorithm("aws-personalized-ranking-v2", _RECENCY_BIAS),
    ),
    Recipe(
        "aws-personalized-ranking", PERSONALIZED_RANKING, "Orders given items for a user.",
        Algorithm("aws-personalized-ranking", _RECURRENT), PERCENTILE_FILTERING,
    ),
    Recipe(
        "aws-similar-items", RELATED_ITEMS, "Recommends items like a given one.",
        Algorithm("aws-similar-items", _SIMILAR_ITEMS),
    ),
    Recipe(
        "aws-sims", RELATED_ITEMS, "Recommends items that users chose together with a given one.",
        Algorithm("aws-sims", _SIMS), SIMS_FILTERING,
    ),
    Recipe(
        "aws-item-affinity", USER_SEGMENTATION, "Finds the users most likely to take a given item.",
        Algorithm("aws-item-affinity", _AFFINITY), FeatureTransformation("item-affinity"),
    ),
    Recipe(
        "aws-item-attribute-affinity", USER_SEGMENTATION,
        "Finds the users most likely to take items with given attributes.",
        Algorithm("aws-item-attribute-affinity", _AFFINITY), FeatureTransformation("item-attribute-affinity"),
    ),
    Recipe(
        "aws-semantic-similarity", RELATED_ITEMS, "Recommends items whose texts mean the same.",
        Algorithm("aws-semantic-similarity"), FeatureTransformation("aws-semantic-similarity"),
    ),
    Recipe(
        "aws-next-best-action", PERSONALIZED_ACTIONS, "Recommends what to propose to a user next.",
        Algorithm("aws-next-best-action"),
        FeatureTransformation("aws-next-best-action", (_integer("action_optimization_period", 14, 7, 28),)),
    ),
    Recipe(
        "aws-hrnn", USER_PERSONALIZATION, "Replaced by aws-user-personalization.",
        Algorithm("aws-hrnn", _RECURRENT_SMALL), PERCENTILE_FILTERING,
    ),
    Recipe(
        "aws-hrnn-metadata", USER_PERSONALIZATION, "Replaced by aws-user-personalization.",
        Algorithm("aws-hrnn-metadata", _RECURRENT_SMALL), FeatureTransformation("featurize_metadata", _HISTORY),
    ),
    Recipe(
        "aws-hrnn-coldstart", USER_PERSONALIZATION, "Replaced by aws-user-personalization.",
        Algorithm("aws-hrnn-coldstart", _RECURRENT), FeatureTransformation("featurize_coldstart", _COLD_START),
    ),
)  # fmt: skip

#: Name, type and description of the recipes of each domain.
_OF_DOMAINS = {
    "ECOMMERCE": (
        ("aws-ecomm-popular-items-by-views", POPULAR_ITEMS, "The items most viewed."),
        ("aws-ecomm-popular-items-by-purchases", POPULAR_ITEMS, "The items most purchased."),
        ("aws-ecomm-frequently-bought-together", RELATED_ITEMS, "Items bought together with a given one."),
        ("aws-ecomm-customers-who-viewed-x-also-viewed", RELATED_ITEMS, "Items viewed by the viewers of a given one."),
        ("aws-ecomm-recommended-for-you", USER_PERSONALIZATION, "Items for a user."),
    ),
    "VIDEO_ON_DEMAND": (
        ("aws-vod-because-you-watched-x", RELATED_ITEMS, "Items for a user who watched a given one."),
        ("aws-vod-more-like-x", RELATED_ITEMS, "Items like a given one."),
        ("aws-vod-most-popular", POPULAR_ITEMS, "The items that most users watched."),
        ("aws-vod-trending-now", POPULAR_ITEMS, "The items whose popularity grows fastest."),
        ("aws-vod-top-picks", USER_PERSONALIZATION, "Items for a user."),
    ),
}  # fmt: skip

RECIPES = {
    recipe.name: recipe
    for recipe in (
        *_CUSTOM,
        *(
            Recipe(name, type_, description, Algorithm(name), domain=domain)
            for domain, recipes in _OF_DOMAINS.items()
            for name, type_, description in recipes
        ),
    )
}
ALGORITHMS = {recipe.algorithm.arn: recipe.algorithm for recipe in RECIPES.values()}
TRANSFORMATIONS = {
    recipe.transformation.arn: recipe.transformation for recipe in RECIPES.values() if recipe.transformation
}


def recipe_of(arn: str) -> Recipe | None:
    """Return the recipe of an ARN, or None if the service has no such recipe."""
    matched = RECIPE_ARN.fullmatch(arn)
    return RECIPES.get(matched["name"]) if matched else None
