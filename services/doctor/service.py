"""Checks of Personalize, or of the engine: the event tracker, and the newest import."""

from __future__ import annotations

from aisle.groups.dataset_group import DatasetGroup
from aisle.resources.live import Service
from aisle.settings import get_settings
from personalize_kinds.kinds import DATASET, DATASET_GROUP, DATASET_IMPORT_JOB, EVENT_TRACKER
from services.doctor.findings import Finding, graded


class ServiceChecks:
    """The checks of one dataset group in the service. Raises what boto3 raises."""

    def __init__(self, service: Service, group: DatasetGroup) -> None:
        self._service = service
        self._group = group

    def tracker(self) -> Finding:
        """Whether events have a tracker that takes them, and whether it is the one of the settings."""
        subject = f"event tracker of {self._group.name}"
        group_arn = self._service.find(DATASET_GROUP, self._group.name)
        if group_arn is None:
            return graded(subject, ["the service has no such dataset group"], failed="start export: it makes the group")
        summary = next(self._service.summaries(EVENT_TRACKER, datasetGroupArn=group_arn), None)
        if summary is None:
            return graded(subject, ["there is none"], look="the DAG events makes one with the first event")
        tracker = self._service.describe(EVENT_TRACKER, summary[EVENT_TRACKER.arn_member])
        tracking_id, set_to = tracker["trackingId"], get_settings().events.tracking_id
        facts = [f"{tracker['name']} is {tracker['status']}, tracking id {tracking_id}"]
        is_ready = EVENT_TRACKER.readiness(tracker) == "ready"
        is_another = self._group.is_first and set_to not in ("", tracking_id)
        return graded(
            subject,
            facts,
            failed=f"AISLE_EVENTS__TRACKING_ID is {set_to}: set {tracking_id}, or leave it empty" * is_another
            or "events are refused until it is ACTIVE: wait, or delete it and start events" * (not is_ready),
        )

    def imports(self) -> Finding:
        """What became of the newest import of each dataset."""
        facts, failed = [], []
        for dataset in self._group.datasets:
            arn = self._dataset_arn(dataset.type)
            jobs = list(self._service.summaries(DATASET_IMPORT_JOB, datasetArn=arn)) if arn else []
            if not jobs:
                facts.append(f"{dataset.name}: never imported")
                failed.append(dataset.name)
                continue
            newest = max(jobs, key=lambda job: job["creationDateTime"])
            facts.append(f"{dataset.name}: {newest['jobName']} is {newest['status']}")
            if newest["status"].endswith("FAILED"):
                failed.append(dataset.name)
        remedy = f"start export: {', '.join(failed)} did not arrive" if failed else ""
        return graded(f"imports of {self._group.name}", facts, failed=remedy)

    def _dataset_arn(self, dataset_type: str) -> str | None:
        group_arn = self._service.find(DATASET_GROUP, self._group.name)
        return self._service.find(DATASET, dataset_type.upper(), datasetGroupArn=group_arn) if group_arn else None
