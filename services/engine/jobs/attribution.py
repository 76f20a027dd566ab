"""Reports of metric attributions: files in S3 for imports.

The service sends the metrics of single events to CloudWatch; here nothing reports those.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from personalize_kinds.kinds import DATASET_GROUP, METRIC_ATTRIBUTION
from personalize_kinds.statuses import ACTIVE
from services.engine import s3
from services.engine.data import tables
from services.engine.data.attribution import Report, file_name, report
from services.engine.data.datasets import INTERACTIONS, ITEMS, Datasets
from services.engine.resources import Resource
from services.engine.store import Store


class AttributionReports:
    """What the events of a group are worth, by its metric attribution."""

    def __init__(self, store: Store, datasets: Datasets, storage: s3.Storage) -> None:
        self._store = store
        self._datasets = datasets
        self._storage = storage

    def publish_import(self, job: Resource, dataset: Resource, part: Path) -> None:
        """Write the metrics of an imported part to S3, if the job asks for it. Raises JobFailed."""
        attribution = self._attribution(dataset.body["datasetGroupArn"])
        if not job.body.get("publishAttributionMetricsToS3") or attribution is None:
            return
        if dataset.body["datasetType"] == INTERACTIONS:
            imported = tables.read([part], self._datasets.schema_of(dataset))
            found = self._report(attribution, dataset, imported)
            # The job's own time: a job that is run again writes the same file.
            self._write(found, attribution, file_name("BULK", int(job.body["creationDateTime"])))

    def _attribution(self, group_arn: str) -> Resource | None:
        found = self._store.page(METRIC_ATTRIBUTION, where=(DATASET_GROUP.arn_member, group_arn))
        return next((one for one in found if one.status == ACTIVE), None)

    def _report(self, attribution: Resource, dataset: Resource, interactions: Any) -> Report:
        items = self._datasets.find(dataset.body["datasetGroupArn"], ITEMS)
        return report(attribution.body["metrics"], interactions, self._datasets.table(items) if items else None)

    def _write(self, found: Report, attribution: Resource, name: str) -> None:
        target = attribution.body["metricsOutputConfig"].get("s3DataDestination")
        if target is not None:
            self._storage.put(found.csv(), s3.location(target["path"]).within(name))
