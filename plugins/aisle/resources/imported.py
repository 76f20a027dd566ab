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
    schemas = {resource.name: resource.settings["schema"] for resource in _of(live, kinds.SCHEMA)}
    solutions = {_key(name, resource): _solution(name, resource, live) for resource in _of(live, kinds.SOLUTION)}
    filters = {
        _key(name, resource): {**_named(name, resource), "expression": resource.settings["filterExpression"]}
        for resource in _of(live, kinds.FILTER)
    }
    return {
        "name": name,
        **_tags(live[0]),
        **_renamed(live[0].settings, domain="domain", kmsKeyArn="kms_key_arn", roleArn="role_arn"),
        "datasets": {
            resource.name.lower(): _dataset(name, resource, schemas[resource.settings["schema"]])
            for resource in datasets
        },
        "solutions": solutions,
        "filters": filters,
        **_single(name, live),
    }


def _single(name: str, live: Sequence[Live]) -> dict[str, Any]:
    singles: dict[str, Any] = {}
    for tracker in _of(live, kinds.EVENT_TRACKER):
        singles["event_tracker"] = {**_named(name, tracker, "events")}
    for attribution in _of(live, kinds.METRIC_ATTRIBUTION):
        output = attribution.settings.get("metricsOutputConfig", {})
        singles["metric_attribution"] = {
            **_named(name, attribution, "attribution"),
            "metrics": {
                event: {"event_type": metric["eventType"], "expression": metric["expression"]}
                for event, metric in attribution.settings["metrics"].items()
            },
            "output": output.get("s3DataDestination", {}).get("path"),
            **_renamed(output, roleArn="role_arn"),
        }
    return singles


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
    campaigns = [resource for resource in _of(live, kinds.CAMPAIGN) if resource.settings["solution"] == solution.name]
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
        "campaigns": {_key(group, resource): _campaign(group, resource, explores=explores) for resource in campaigns},
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
    left_out = [
        f"{resource.title}: recommenders of domain groups have no place in the file"
        for resource in _of(live, kinds.RECOMMENDER)
    ]
    automatic = [resource for resource in _of(live, kinds.SOLUTION) if resource.settings.get("performAutoML")]
    left_out += [
        f"{resource.title}: performAutoML has no place in the file, so a plan would replace it"
        for resource in automatic
    ]
    exploring = {resource.name for resource in _of(live, kinds.SOLUTION) if _can_be_told_to_explore(resource)}
    idle = [
        resource for resource in _of(live, kinds.CAMPAIGN)
        if resource.settings.get("campaignConfig", {}).get("itemExplorationConfig")
        and resource.settings["solution"] not in exploring
    ]  # fmt: skip
    left_out += [
        f"{resource.title}: its exploration has no place in the file, which has it for {EXPLORING} alone, so a plan "
        "would remove it" for resource in idle
    ]  # fmt: skip
    failed = [resource for resource in live if resource.state == "failed"]
    return left_out + [
        f"{resource.title}: its creation had failed ({resource.reason}), so a plan would create it again"
        for resource in failed
    ]


def _of(live: Iterable[Live], kind: Kind) -> list[Live]:
    return [resource for resource in live if resource.kind == kind]


def _key(group: str, resource: Live) -> str:
    """Our short name: that of the service without the group's in front."""
    short = resource.name.removeprefix(f"{group}-")
    return short if short[:1].isalnum() else resource.name


def _named(group: str, resource: Live, key: str | None = None) -> dict[str, Any]:
    is_derived = resource.name == f"{group}-{key or _key(group, resource)}"
    return {**({} if is_derived else {"name": resource.name}), **_tags(resource)}


def _tags(resource: Live) -> dict[str, Any]:
    tags = {tag: value for tag, value in resource.tags.items() if tag != MANAGED}
    return {"tags": tags} if tags else {}


def _renamed(settings: Settings, **names: str) -> dict[str, Any]:
    return {ours: settings[theirs] for theirs, ours in names.items() if theirs in settings}
