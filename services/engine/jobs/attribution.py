"""Reports of metric attributions: files in S3 for imports.

The service reports single events to CloudWatch; the engine does not report them.
"""

from __future__ import annotations

from pathlib import Path

from personalize_kinds.kinds import DATASET_GROUP, METRIC_ATTRIBUTION
from personalize_kinds.statuses import ACTIVE
from services.engine import s3
from services.engine.data import tables
from services.engine.data.attribution import file_name, report
from services.engine.data.datasets import INTERACTIONS, ITEMS, Datasets
from services.engine.resources import Resource
from services.engine.store import Store


class AttributionReports:
    """Writes the reports of a group's metric attribution."""

    def __init__(self, store: Store, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._datasets = datasets
        self._storage = storage

    def publish_import(self, job: Resource, dataset: Resource, part: Path) -> None:
        """Write the metrics of an imported part to S3, if the job requests it. Raises JobFailed."""
        attribution = self._attribution(dataset.body["datasetGroupArn"])
        if not job.body.get("publishAttributionMetricsToS3") or attribution is None:
            return
        if dataset.body["datasetType"] == INTERACTIONS:
            imported = tables.read([part], self._datasets.schema_of(dataset))
            items = self._datasets.find(dataset.body["datasetGroupArn"], ITEMS)
            items_table = self._datasets.table(items) if items else None
            content = report(attribution.body["metrics"], imported, items_table).csv()
            target = attribution.body["metricsOutputConfig"].get("s3DataDestination")
            if target is not None:
                # Named after the job's own time, so that a job that runs again writes the same file.
                name = file_name("BULK", int(job.body["creationDateTime"]))
                self._storage.put(content, s3.location(target["path"]).within(name))

    def _attribution(self, group_arn: str) -> Resource | None:
        attributions = self._store.page(METRIC_ATTRIBUTION, where=(DATASET_GROUP.arn_member, group_arn))
        return next((attribution for attribution in attributions if attribution.status == ACTIVE), None)
