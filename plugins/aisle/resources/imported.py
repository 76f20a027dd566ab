"""The file that describes a group which is there already, read from the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from aisle.errors import FinalError
from aisle.groups.avro import contract_schema, schema_hash
from aisle.groups.environment import EXPLORING, Environment, first_fault
from aisle.groups.resource import MANAGED, Live, Settings
from aisle.resources.live import Service
from personalize_kinds import kinds
from personalize_kinds.arns import RECIPE_PREFIX
from personalize_kinds.kinds import Kind

_CONTRACT = ("interactions", "items", "users")


def environment_of(service: Service, group: str) -> tuple[Environment, list[str]]:
    """The environment that a group is, and what of it a file cannot say.

    Raises FinalError if there is none, or none that a file could describe.
    """
    live = service.group(group)
    if not live or live[0].kind != kinds.DATASET_GROUP:
        raise FinalError(f"Importing the dataset group {group}: the service has none of this name. Check the spelling.")
    try:
        return Environment.model_validate({"groups": [_group(group, live)]}), _left_out(live)
    except ValidationError as error:
        raise FinalError(
            f"Importing the dataset group {group}: {first_fault(error)}. Complete or correct the group in the service "
            "first, or write the file by hand."
        ) from error


def _group(name: str, live: Sequence[Live]) -> dict[str, Any]:
    datasets = _of(live, kinds.DATASET)
    schemas = {one.name: one.settings["schema"] for one in _of(live, kinds.SCHEMA)}
    solutions = {_key(name, one): _solution(name, one, live) for one in _of(live, kinds.SOLUTION)}
    filters = {
        _key(name, one): {**_named(name, one), "expression": one.settings["filterExpression"]}
        for one in _of(live, kinds.FILTER)
    }
    return {
        "name": name,
        **_tags(live[0]),
        **_renamed(live[0].settings, domain="domain", kmsKeyArn="kms_key_arn", roleArn="role_arn"),
        "datasets": {one.name.lower(): _dataset(name, one, schemas[one.settings["schema"]]) for one in datasets},
        "solutions": solutions,
        "filters": filters,
        **_single(name, live),
    }


def _single(name: str, live: Sequence[Live]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for tracker in _of(live, kinds.EVENT_TRACKER):
        found["event_tracker"] = {**_named(name, tracker, "events")}
    for attribution in _of(live, kinds.METRIC_ATTRIBUTION):
        output = attribution.settings.get("metricsOutputConfig", {})
        found["metric_attribution"] = {
            **_named(name, attribution, "attribution"),
            "metrics": {
                metric: {"event_type": one["eventType"], "expression": one["expression"]}
                for metric, one in attribution.settings["metrics"].items()
            },
            "output": output.get("s3DataDestination", {}).get("path"),
            **_renamed(output, roleArn="role_arn"),
        }
    return found


def _dataset(group: str, dataset: Live, schema: Settings) -> dict[str, Any]:
    key, named = dataset.name.lower(), dataset.settings["schema"]
    label = {} if dataset.label == f"{group}-{key}" else {"name": dataset.label}
    hashed = named == f"{group}-{key}-{schema_hash(schema)}"
    is_contract = key in _CONTRACT and schema == contract_schema(key)
    return {
        **label,
        **_tags(dataset),
        "schema": "contract" if is_contract else schema,
        **({} if hashed else {"schema_name": named}),
    }


def _solution(group: str, solution: Live, live: Sequence[Live]) -> dict[str, Any]:
    settings = solution.settings
    config = dict(settings.get("solutionConfig", {}))
    schedule = config.pop("autoTrainingConfig", {}).get("schedulingExpression", "rate(7 days)")
    days = int("".join(character for character in schedule if character.isdigit()))
    campaigns = [one for one in _of(live, kinds.CAMPAIGN) if one.settings["solution"] == solution.name]
    explores = _can_be_told_to_explore(solution)
    return {
        **_named(group, solution),
        "recipe": settings.get("recipeArn", "").removeprefix(RECIPE_PREFIX),
        "config": config,
        **_renamed(
            settings,
            performHPO="perform_hpo",
            eventType="event_type",
            performIncrementalUpdate="incremental_update",
        ),
        "auto_training_days": days if settings.get("performAutoTraining") else None,
        "campaigns": {_key(group, one): _campaign(group, one, explores=explores) for one in campaigns},
    }


def _can_be_told_to_explore(solution: Live) -> bool:
    return bool(solution.settings.get("recipeArn") == f"{RECIPE_PREFIX}{EXPLORING}")


def _campaign(group: str, campaign: Live, *, explores: bool) -> dict[str, Any]:
    config = campaign.settings.get("campaignConfig", {})
    exploration = config.get("itemExplorationConfig", {}) if explores else {}
    return {
        **_named(group, campaign),
        "min_provisioned_tps": campaign.settings["minProvisionedTPS"],
        **_renamed(
            config, syncWithLatestSolutionVersion="follow_newest", enableMetadataWithRecommendations="with_metadata"
        ),
        "exploration": _renamed(
            exploration, explorationWeight="weight", explorationItemAgeCutOff="item_age_cut_off_days"
        ),
    }


def _left_out(live: Sequence[Live]) -> list[str]:
    told = [
        f"{one.title}: recommenders of domain groups have no place in the file" for one in _of(live, kinds.RECOMMENDER)
    ]
    automatic = [one for one in _of(live, kinds.SOLUTION) if one.settings.get("performAutoML")]
    told += [f"{one.title}: performAutoML has no place in the file, so a plan would replace it" for one in automatic]
    exploring = {one.name for one in _of(live, kinds.SOLUTION) if _can_be_told_to_explore(one)}
    idle = [
        one for one in _of(live, kinds.CAMPAIGN)
        if one.settings.get("campaignConfig", {}).get("itemExplorationConfig")
        and one.settings["solution"] not in exploring
    ]  # fmt: skip
    told += [
        f"{one.title}: its exploration has no place in the file, which has it for {EXPLORING} alone, so a plan would "
        "take it away" for one in idle
    ]  # fmt: skip
    failed = [one for one in live if one.state == "failed"]
    return told + [
        f"{one.title}: its creation had failed ({one.reason}), so a plan would make it anew" for one in failed
    ]


def _of(live: Iterable[Live], kind: Kind) -> list[Live]:
    return [one for one in live if one.kind == kind]


def _key(group: str, one: Live) -> str:
    """Our short name: that of the service without the group's in front."""
    short = one.name.removeprefix(f"{group}-")
    return short if short[:1].isalnum() else one.name


def _named(group: str, one: Live, key: str | None = None) -> dict[str, Any]:
    is_derived = one.name == f"{group}-{key or _key(group, one)}"
    return {**({} if is_derived else {"name": one.name}), **_tags(one)}


def _tags(one: Live) -> dict[str, Any]:
    tags = {tag: value for tag, value in one.tags.items() if tag != MANAGED}
    return {"tags": tags} if tags else {}


def _renamed(settings: Settings, **names: str) -> dict[str, Any]:
    return {ours: settings[theirs] for theirs, ours in names.items() if theirs in settings}
