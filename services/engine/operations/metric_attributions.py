"""Metric attributions: the value of events by their source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from personalize_kinds.kinds import DATASET_GROUP, METRIC_ATTRIBUTION
from personalize_kinds.limits import MAX_METRICS
from services.engine import s3
from services.engine.data.attribution import Measure, parse_expression
from services.engine.errors import AlreadyExists, InvalidInput, LimitExceeded
from services.engine.operations.base import MAX_PAGE, Answer, Call, Operations, offset_of, token_of
from services.engine.resources import Resource
from services.engine.schemas import NUMERIC_TYPES, DatasetSchema


class MetricAttributionOperations(Operations):
    """Operations on metric attributions. A dataset group has one, with at most ten metrics."""

    def create_metric_attribution(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        self._check(call["metrics"], group)
        _check_output(call["metricsOutputConfig"])
        body = call.only("name", "datasetGroupArn", "metricsOutputConfig", "metrics")
        return self.create(Resource.create(METRIC_ATTRIBUTION, call.region, call["name"], body), call)

    def update_metric_attribution(self, call: Call) -> Answer:
        """Remove metrics, then add metrics, in one step."""
        if METRIC_ATTRIBUTION.arn_member not in call.request:
            raise InvalidInput("UpdateMetricAttribution needs a metricAttributionArn")
        attribution = self.find_active(METRIC_ATTRIBUTION, call)
        group = self.store.get(DATASET_GROUP, attribution.body["datasetGroupArn"])
        metrics = _without(attribution.body["metrics"], call.get("removeMetrics", ()))
        _refuse_taken(metrics, call.get("addMetrics", ()))
        metrics += call.get("addMetrics", ())
        self._check(metrics, group)
        output = call.get("metricsOutputConfig", attribution.body["metricsOutputConfig"])
        _check_output(output)
        attribution.move(attribution.body["status"], metrics=metrics, metricsOutputConfig=output)
        self.store.save(attribution)
        return {METRIC_ATTRIBUTION.arn_member: attribution.arn}

    def describe_metric_attribution(self, call: Call) -> Answer:
        return self.describe(METRIC_ATTRIBUTION, call)

    def list_metric_attributions(self, call: Call) -> Answer:
        return self.list(METRIC_ATTRIBUTION, call, parent=DATASET_GROUP)

    def list_metric_attribution_metrics(self, call: Call) -> Answer:
        if METRIC_ATTRIBUTION.arn_member not in call.request:
            raise InvalidInput("ListMetricAttributionMetrics needs a metricAttributionArn")
        metrics = self.find(METRIC_ATTRIBUTION, call).body["metrics"]
        start, size = offset_of(call.get("nextToken")) or 0, call.get("maxResults", MAX_PAGE)
        answer: Answer = {"metrics": metrics[start : start + size]}
        if len(metrics) > start + size:
            answer["nextToken"] = token_of(start + size)
        return answer

    def delete_metric_attribution(self, call: Call) -> Answer:
        return self.delete(self.find(METRIC_ATTRIBUTION, call))

    def _check(self, metrics: Sequence[Mapping[str, str]], group: Resource) -> None:
        if len(metrics) > MAX_METRICS:
            raise LimitExceeded(f"The attribution would have {len(metrics)} metrics; {MAX_METRICS} are allowed")
        named_twice = [name for name, n in Counter(metric["metricName"] for metric in metrics).items() if n > 1]
        if named_twice:
            raise InvalidInput(f"Two metrics are named {named_twice[0]}; give each a name of its own")
        schemas = self.schemas(group)
        if "EVENT_TYPE" not in _columns(schemas, "INTERACTIONS"):
            raise InvalidInput(f"{group.arn} has no Interactions dataset with EVENT_TYPE, which every metric needs")
        for metric in metrics:
            _check_column(parse_expression(metric["expression"]), schemas)


def _columns(schemas: Mapping[str, DatasetSchema], dataset_type: str) -> dict[str, str]:
    """Return the type of each column of a dataset; empty if there is no such dataset."""
    schema = schemas.get(dataset_type)
    return {column.name.upper(): column.type for column in schema.columns} if schema else {}


def _check_column(measure: Measure, schemas: Mapping[str, DatasetSchema]) -> None:
    if measure.dataset_type is None or measure.column is None:
        return
    avro_type = _columns(schemas, measure.dataset_type).get(measure.column)
    if avro_type not in NUMERIC_TYPES:
        raise InvalidInput(
            f"A metric adds up {measure.column} of {measure.dataset_type}, which is {avro_type or 'no column there'}; "
            f"it must be a column of type {', '.join(NUMERIC_TYPES)}"
        )


def _check_output(config: Mapping[str, Any]) -> None:
    path = config.get("s3DataDestination", {}).get("path")
    if path is not None and s3.parse_location(path) is None:
        raise InvalidInput(f"Invalid S3 output path '{path}'. Pass s3://bucket/folder/.")


def _without(metrics: Sequence[dict[str, str]], names: Sequence[str]) -> list[dict[str, str]]:
    known = {metric["metricName"] for metric in metrics}
    if unknown := [name for name in names if name not in known]:
        raise InvalidInput(f"There is no metric named {unknown[0]} to remove; there are {', '.join(sorted(known))}")
    return [metric for metric in metrics if metric["metricName"] not in names]


def _refuse_taken(metrics: Sequence[Mapping[str, str]], added: Sequence[Mapping[str, str]]) -> None:
    taken = {metric["metricName"] for metric in metrics} & {metric["metricName"] for metric in added}
    if taken:
        raise AlreadyExists(f"There is already a metric named {min(taken)}; remove it in the same call to replace it")
