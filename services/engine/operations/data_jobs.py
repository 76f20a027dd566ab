"""Jobs that import, export and delete data."""

from __future__ import annotations

from personalize_kinds.kinds import (
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    METRIC_ATTRIBUTION,
)
from services.engine import s3
from services.engine.errors import InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource


class DataJobOperations(Operations):
    """Operations on imports and exports of a dataset, and on deletions of users from a group."""

    def create_dataset_import_job(self, call: Call) -> Answer:
        dataset = self.find_active(DATASET, call)
        _check_source(call)
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member))
        mode = call.get("importMode", "FULL")
        if mode == "INCREMENTAL" and not dataset.inner.get("parts"):
            raise InvalidInput(f"The first import of {dataset.arn} must be FULL; importMode was INCREMENTAL")
        if call.get("publishAttributionMetricsToS3"):
            self._check_attribution(dataset)
        body = call.only("jobName", "datasetArn", "dataSource", "roleArn", "publishAttributionMetricsToS3")
        body["importMode"] = mode
        return self.create(Resource.create(DATASET_IMPORT_JOB, call.region, call["jobName"], body), call)

    def describe_dataset_import_job(self, call: Call) -> Answer:
        return self.describe(DATASET_IMPORT_JOB, call)

    def list_dataset_import_jobs(self, call: Call) -> Answer:
        return self.list(DATASET_IMPORT_JOB, call, parent=DATASET)

    def create_dataset_export_job(self, call: Call) -> Answer:
        dataset = self.find_active(DATASET, call)
        target = call["jobOutput"]["s3DataDestination"]["path"]
        if s3.parse_location(target) is None:
            raise InvalidInput(f"Invalid S3 output path '{target}'. Pass s3://bucket/folder/.")
        self.refuse_if_busy(dataset, (DATASET_IMPORT_JOB, DATASET.arn_member))
        body = {"ingestionMode": "PUT", **call.only("jobName", "datasetArn", "roleArn", "jobOutput", "ingestionMode")}
        return self.create(Resource.create(DATASET_EXPORT_JOB, call.region, call["jobName"], body), call)

    def describe_dataset_export_job(self, call: Call) -> Answer:
        return self.describe(DATASET_EXPORT_JOB, call)

    def list_dataset_export_jobs(self, call: Call) -> Answer:
        return self.list(DATASET_EXPORT_JOB, call, parent=DATASET)

    def create_data_deletion_job(self, call: Call) -> Answer:
        self.find_active(DATASET_GROUP, call)
        _check_source(call)
        body = call.only("jobName", "datasetGroupArn", "dataSource", "roleArn")
        return self.create(Resource.create(DATA_DELETION_JOB, call.region, call["jobName"], body), call)

    def describe_data_deletion_job(self, call: Call) -> Answer:
        return self.describe(DATA_DELETION_JOB, call)

    def list_data_deletion_jobs(self, call: Call) -> Answer:
        return self.list(DATA_DELETION_JOB, call, parent=DATASET_GROUP)

    def _check_attribution(self, dataset: Resource) -> None:
        """Raise InvalidInput unless the group has a metric attribution that writes to S3."""
        where = (DATASET_GROUP.arn_member, dataset.body["datasetGroupArn"])
        attributions = self.store.page(METRIC_ATTRIBUTION, where=where)
        if not any("s3DataDestination" in attribution.body["metricsOutputConfig"] for attribution in attributions):
            raise InvalidInput(
                f"publishAttributionMetricsToS3 needs a metric attribution with an s3DataDestination in the group of "
                f"{dataset.arn}; create one, or leave the member out"
            )


def _check_source(call: Call) -> None:
    if s3.parse_location(call["dataSource"].get("dataLocation", "")) is None:
        raise InvalidInput("Invalid Data location. Pass dataSource.dataLocation as s3://bucket/folder/ or a file.")
