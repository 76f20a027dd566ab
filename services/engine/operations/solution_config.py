"""The check of solutionConfig: hyperparameters, events, objectives and columns, against recipe and data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from personalize_kinds.limits import MAX_TRAINING_DAYS
from services.engine.catalogue import PERSONALIZED_RANKING, USER_PERSONALIZATION, Parameter, Recipe
from services.engine.errors import InvalidInput
from services.engine.schemas import NUMERIC_TYPES, REQUIRED_COLUMNS, DatasetSchema

MAX_TRAINING_DATASETS = 3
#: Maximum number of training jobs of a search, and of those at a time.
SEARCH_LIMITS = {"maxNumberOfTrainingJobs": 40, "maxParallelTrainingJobs": 10}

Config = Mapping[str, Any]
Schemas = Mapping[str, DatasetSchema]


@dataclass(frozen=True, slots=True)
class Plan:
    """A solution to check: its recipe and configuration, the schemas of its group, and its event type, if any."""

    recipe: Recipe
    config: Config
    schemas: Schemas
    event_type: str | None


def check(plan: Plan) -> None:
    """Raise InvalidInput if a solution of the recipe cannot have this configuration."""
    for member, check_member in _CHECKS.items():
        if member in plan.config:
            check_member(plan)


def days_between(expression: str) -> int:
    """Return 7 for `rate(7 days)`. Raises InvalidInput unless it is from 1 to 30."""
    days = int("".join(character for character in expression if character.isdigit()))
    if not 1 <= days <= MAX_TRAINING_DAYS:
        raise InvalidInput(f"'{expression}' is not a schedule; pass rate(N days) with N from 1 to {MAX_TRAINING_DAYS}")
    return days


def _check_threshold(plan: Plan) -> None:
    text = plan.config["eventValueThreshold"]
    try:
        float(text)
    except ValueError as error:
        raise InvalidInput(f"eventValueThreshold is '{text}'; pass a number as a string, such as '0.5'") from error


def _check_hyperparameters(plan: Plan) -> None:
    _check_values(plan.config["algorithmHyperParameters"], plan.recipe.algorithm.hyperparameters, plan.recipe)


def _check_featurization(plan: Plan) -> None:
    known = plan.recipe.transformation.parameters if plan.recipe.transformation else ()
    _check_values(plan.config["featureTransformationParameters"], known, plan.recipe)


def _check_values(given: Mapping[str, str], known: Iterable[Parameter], recipe: Recipe) -> None:
    parameters = {parameter.name: parameter for parameter in known}
    for name, value in given.items():
        parameter = _parameter(parameters, name, recipe)
        if not parameter.allows(value):
            raise InvalidInput(f"{name} of {recipe.name} is '{value}'; pass {parameter.allowed}")


def _parameter(parameters: Mapping[str, Parameter], name: str, recipe: Recipe) -> Parameter:
    if name not in parameters:
        known = f"it has {', '.join(parameters)}" if parameters else "it has none"
        raise InvalidInput(f"{recipe.name} has no parameter '{name}' there; {known}")
    return parameters[name]


def _check_search(plan: Plan) -> None:
    search = plan.config["hpoConfig"]
    for member, maximum in SEARCH_LIMITS.items():
        text = search.get("hpoResourceConfig", {}).get(member, "1")
        if not text.isdecimal() or not 1 <= int(text) <= maximum:
            raise InvalidInput(f"{member} is '{text}'; pass a whole number from 1 to {maximum} as a string")
    tunable = {parameter.name: parameter for parameter in plan.recipe.algorithm.hyperparameters if parameter.tunable}
    ranges = search.get("algorithmHyperParameterRanges", {})
    for kind in ("integer", "continuous", "categorical"):
        for given in ranges.get(f"{kind}HyperParameterRanges", ()):
            _check_range(kind, given, tunable, plan.recipe)


def _check_range(kind: str, given: Mapping[str, Any], tunable: Mapping[str, Parameter], recipe: Recipe) -> None:
    name = given.get("name", "")
    parameter = _parameter(tunable, name, recipe)
    if parameter.type != kind:
        raise InvalidInput(f"{name} of {recipe.name} is {parameter.type}, not {kind}; list it under its own type")
    if kind == "categorical":
        values: list[str] = given.get("values", [])
        within = bool(values) and all(parameter.allows(value) for value in values)
    else:
        low, high = given.get("minValue", parameter.low), given.get("maxValue", parameter.high)
        within = parameter.low <= low <= high <= parameter.high
    if not within:
        raise InvalidInput(f"The range of {name} does not lie within what {recipe.name} allows: {parameter.allowed}")


def _check_events(plan: Plan) -> None:
    if not plan.recipe.second_version:
        raise InvalidInput(
            f"eventsConfig is for recipes of the second version, not for {plan.recipe.name}; use eventType, or "
            "aws-user-personalization-v2"
        )
    if plan.event_type is not None:
        raise InvalidInput("Pass eventType or eventsConfig, not both; eventsConfig weighs the types it lists")
    listed = plan.config["eventsConfig"].get("eventParametersList", ())
    types = [entry.get("eventType", "").lower() for entry in listed]
    if not all(types) or len({*types}) < len(types):
        raise InvalidInput("eventsConfig must list each event type once; every entry needs an eventType of its own")


def _check_objective(plan: Plan) -> None:
    recipe, objective = plan.recipe, plan.config["optimizationObjective"]
    if recipe.second_version or recipe.type not in (USER_PERSONALIZATION, PERSONALIZED_RANKING):
        raise InvalidInput(
            f"optimizationObjective is for aws-user-personalization and aws-personalized-ranking, not {recipe.name}"
        )
    attribute = objective.get("itemAttribute")
    items = plan.schemas.get("ITEMS")
    column = items.column(attribute) if items and attribute else None
    if column is None or column.type not in NUMERIC_TYPES or column.nullable:
        raise InvalidInput(
            f"The itemAttribute '{attribute}' of optimizationObjective must be a numeric column of the Items dataset "
            "that is never null"
        )


def _check_columns(plan: Plan) -> None:
    chosen = plan.config["trainingDataConfig"]
    if len(chosen) > 1:
        raise InvalidInput("trainingDataConfig takes excludedDatasetColumns or includedDatasetColumns, not both")
    for member, columns_by_type in chosen.items():
        if len(columns_by_type) > MAX_TRAINING_DATASETS:
            raise InvalidInput(f"{member} names {len(columns_by_type)} datasets; {MAX_TRAINING_DATASETS} are allowed")
        for dataset_type, columns in columns_by_type.items():
            _check_columns_of(member, dataset_type, columns, plan.schemas)


def _check_columns_of(member: str, dataset_type: str, columns: Iterable[str], schemas: Schemas) -> None:
    schema = schemas.get(dataset_type.upper())
    if schema is None:
        raise InvalidInput(f"{member} names the dataset '{dataset_type}', which the group does not have")
    known = {column.name for column in schema.columns}
    needed = {*REQUIRED_COLUMNS[schema.dataset_type], "EVENT_TYPE"}
    for column in columns:
        if column not in known:
            raise InvalidInput(f"{member} names {column}, which is not a column of {schema.dataset_type}")
        if member.startswith("excluded") and column in needed:
            raise InvalidInput(f"{column} of {schema.dataset_type} cannot be excluded; training needs it")


def _check_schedule(plan: Plan) -> None:
    if expression := plan.config["autoTrainingConfig"].get("schedulingExpression"):
        days_between(expression)


_CHECKS: dict[str, Callable[[Plan], None]] = {
    "eventValueThreshold": _check_threshold,
    "algorithmHyperParameters": _check_hyperparameters,
    "featureTransformationParameters": _check_featurization,
    "hpoConfig": _check_search,
    "eventsConfig": _check_events,
    "optimizationObjective": _check_objective,
    "trainingDataConfig": _check_columns,
    "autoTrainingConfig": _check_schedule,
}
