"""What the create and update operations are sent for a resource."""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator

from aisle.groups.avro import schema_text
from aisle.groups.resource import MANAGED, Live, Resource, Settings
from personalize_kinds import kinds
from personalize_kinds.kinds import Kind

Request = dict[str, Any]
#: What a request is checked with before the things that it refers to are there.
_SOME_ARN = "arn:aws:personalize:us-east-1:000000000000:some/thing"


def creation(resource: Resource, arns: dict[str, str]) -> Request:
    """The request that creates a resource. `arns` holds what it refers to, by the wire's member."""
    request = {**_CREATIONS.get(resource.kind, _plain)(resource), **_references(resource.kind, arns)}
    if resource.kind.has_tags:
        request["tags"] = wire_tags({**resource.tags, MANAGED: "true"})
    return request


def update(desired: Resource, live: Live, arns: dict[str, str]) -> Request:
    """The request that makes a live resource what is wanted. Only for what the kind can update."""
    return {desired.kind.arn_member: live.arn, **_UPDATES[desired.kind](desired, live, arns)}


def wire_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"tagKey": key, "tagValue": value} for key, value in tags.items()]


def mistake_in(resource: Resource) -> str | None:
    """What the service's own model has against the creation of a resource."""
    arns = dict.fromkeys(("datasetGroupArn", "schemaArn", "solutionVersionArn"), _SOME_ARN)
    shape = _model().operation_model(f"Create{resource.kind.noun}").input_shape
    report = ParamValidator().validate(creation(resource, arns), shape)
    return report.generate_report().replace("\n", "; ") if report.has_errors() else None


@cache
def _model() -> Any:
    return ServiceModel(Loader().load_service_model("personalize", "service-2"))


def _references(kind: Kind, arns: dict[str, str]) -> Request:
    members = {
        kinds.DATASET_GROUP: (),
        kinds.SCHEMA: (),
        kinds.DATASET: ("datasetGroupArn", "schemaArn"),
        kinds.CAMPAIGN: ("solutionVersionArn",),
    }.get(kind, ("datasetGroupArn",))
    return {member: arns[member] for member in members}


def _plain(resource: Resource) -> Request:
    return {**resource.settings, "name": resource.name}


def _schema(resource: Resource) -> Request:
    return {**_plain(resource), "schema": schema_text(resource.settings["schema"])}


def _dataset(resource: Resource) -> Request:
    return {"name": resource.label, "datasetType": resource.name.title()}


def _solution(resource: Resource) -> Request:
    """Without this member the service would train, and bill, on its own schedule."""
    return {"performAutoTraining": False, **_plain(resource)}


def _campaign(resource: Resource) -> Request:
    return {member: value for member, value in _plain(resource).items() if member != "solution"}


def _metric_attribution(resource: Resource) -> Request:
    return {"metricsOutputConfig": {}, **_plain(resource), "metrics": _metrics(resource.settings)}


def _metrics(settings: Settings) -> list[Request]:
    return [{"metricName": name, **metric} for name, metric in settings["metrics"].items()]


_CREATIONS = {
    kinds.SCHEMA: _schema,
    kinds.DATASET: _dataset,
    kinds.SOLUTION: _solution,
    kinds.CAMPAIGN: _campaign,
    kinds.METRIC_ATTRIBUTION: _metric_attribution,
}


def _dataset_update(_wanted: Resource, _live: Live, arns: dict[str, str]) -> Request:
    return {"schemaArn": arns["schemaArn"]}


def _solution_update(desired: Resource, live: Live, _arns: dict[str, str]) -> Request:
    """Everything that can be changed is said, because what is left out keeps its value."""
    settings = desired.settings
    config = {
        member: settings.get("solutionConfig", {}).get(member, _EMPTY_CONFIG[member])
        for member in _EMPTY_CONFIG
        if member in settings.get("solutionConfig", {}) or member in live.settings.get("solutionConfig", {})
    }
    request: Request = {"performAutoTraining": settings.get("performAutoTraining", False)}
    if "performIncrementalUpdate" in {*settings, *live.settings}:
        request["performIncrementalUpdate"] = settings.get("performIncrementalUpdate", False)
    return {**request, "solutionUpdateConfig": config} if config else request


_EMPTY_CONFIG: dict[str, Request] = {"autoTrainingConfig": {}, "eventsConfig": {"eventParametersList": []}}


def _campaign_update(desired: Resource, live: Live, arns: dict[str, str]) -> Request:
    """Following the newest version is asked for by a name of its own, and ends with a version that is fixed."""
    config = {
        "itemExplorationConfig": {},
        "enableMetadataWithRecommendations": False,
        "syncWithLatestSolutionVersion": False,
        **desired.settings.get("campaignConfig", {}),
    }
    if not live.settings.get("campaignConfig", {}).get("itemExplorationConfig") and not config["itemExplorationConfig"]:
        del config["itemExplorationConfig"]
    return {
        "solutionVersionArn": arns["solutionVersionArn"],
        "minProvisionedTPS": desired.settings["minProvisionedTPS"],
        "campaignConfig": config,
    }


def _metric_attribution_update(desired: Resource, live: Live, _arns: dict[str, str]) -> Request:
    """A metric that is to change is removed and added in the same call."""
    present, proposed = live.settings.get("metrics", {}), desired.settings["metrics"]
    gone = [name for name, metric in present.items() if proposed.get(name) != metric]
    new = [
        metric
        for metric in _metrics(desired.settings)
        if present.get(metric["metricName"]) != proposed[metric["metricName"]]
    ]
    request = {"removeMetrics": gone, "addMetrics": new}
    output = {"metricsOutputConfig": desired.settings["metricsOutputConfig"]}
    return {member: value for member, value in request.items() if value} | output


_UPDATES = {
    kinds.DATASET: _dataset_update,
    kinds.SOLUTION: _solution_update,
    kinds.CAMPAIGN: _campaign_update,
    kinds.METRIC_ATTRIBUTION: _metric_attribution_update,
}
