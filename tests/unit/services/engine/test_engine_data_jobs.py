"""Deletion, export and import of data: what their jobs accept and what may run beside them."""

from __future__ import annotations

import time

from services.engine.errors import JobFailed
from services.engine.lifecycle import Completion
from services.engine.resources import Resource
from tests.unit.services.engine.control import OUTPUT, ROLE, Control, refused
from tests.waiting import statuses_until

SOURCE = {"dataLocation": "s3://nowhere/in/"}


def test_data_deletion_has_words_of_its_own(control: Control, group: str) -> None:
    control.pace(0.4)
    request = {"datasetGroupArn": group, "dataSource": SOURCE, "roleArn": ROLE}
    arn = control.CreateDataDeletionJob(jobName="forget", **request)["dataDeletionJobArn"]
    seen = statuses_until("COMPLETED", lambda: str(control.described("DataDeletionJob", arn)["status"]))
    assert seen == ["PENDING", "IN_PROGRESS", "COMPLETED"]
    control.jobs["DataDeletionJob"] = failing
    arn = control.CreateDataDeletionJob(jobName="again", **request)["dataDeletionJobArn"]
    assert control.settled("DataDeletionJob", arn)["failureReason"] == "Create failed."
    assert control.described("DataDeletionJob", arn)["status"] == "FAILED"
    listed = control.ListDataDeletionJobs(datasetGroupArn=group)["dataDeletionJobs"]
    assert [job["jobName"] for job in listed] == ["again", "forget"]
    refused("ResourceAlreadyExists", control.CreateDataDeletionJob, jobName="forget", **request)


def test_deletion_of_data_has_no_other_job_beside_it(control: Control, group: str) -> None:
    inside: list[str] = []
    beside: list[set[str]] = []

    def noted(job: Resource) -> Completion:
        inside.append(job.kind.noun)
        time.sleep(0.02)  # a job that takes a while: another that may run beside it begins meanwhile
        beside.append({*inside} if inside.count(job.kind.noun) == 1 else {"another", *inside})
        inside.remove(job.kind.noun)
        return lambda _: None

    solution = control.solution(group)
    control.jobs |= dict.fromkeys(("DataDeletionJob", "SolutionVersion"), noted)
    started = []
    for n in range(4):
        request = {"jobName": f"j{n}", "datasetGroupArn": group, "dataSource": SOURCE, "roleArn": ROLE}
        started.append(("DataDeletionJob", control.CreateDataDeletionJob(**request)["dataDeletionJobArn"]))
        started.append(("SolutionVersion", control.CreateSolutionVersion(solutionArn=solution)["solutionVersionArn"]))
    for noun, arn in started:
        control.settled(noun, arn)
    assert len(beside) == 8
    assert [seen for seen in beside if "DataDeletionJob" in seen] == [{"DataDeletionJob"}] * 4


def test_five_deletions_may_wait_in_a_group(control: Control, group: str) -> None:
    control.pace(60)
    request = {"dataSource": SOURCE, "roleArn": ROLE}
    for n in range(5):
        control.CreateDataDeletionJob(jobName=f"j{n}", datasetGroupArn=group, **request)
    refused("LimitExceeded", control.CreateDataDeletionJob, "PENDING", jobName="x", datasetGroupArn=group, **request)


def test_export_takes_what_was_put_unless_asked_otherwise(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/ITEMS"
    request = {"datasetArn": dataset, "roleArn": ROLE, "jobOutput": OUTPUT}
    arn = control.created("DatasetExportJob", jobName="out", **request)
    assert control.described("DatasetExportJob", arn)["ingestionMode"] == "PUT"
    assert len(control.ListDatasetExportJobs(datasetArn=dataset)["datasetExportJobs"]) == 1
    refused("InvalidInput", control.CreateDatasetExportJob, "enum", jobName="b", ingestionMode="SOME", **request)


def test_import_publishes_metrics_only_where_there_is_a_place_for_them(control: Control, group: str) -> None:
    dataset = f"{group.replace('dataset-group', 'dataset')}/INTERACTIONS"
    request = {"jobName": "j", "datasetArn": dataset, "dataSource": SOURCE, "publishAttributionMetricsToS3": True}
    refused("InvalidInput", control.CreateDatasetImportJob, "metric attribution", **request)
    control.created(
        "MetricAttribution", name="worth", datasetGroupArn=group, metricsOutputConfig={"roleArn": ROLE, **OUTPUT},
        metrics=[{"eventType": "purchase", "metricName": "n", "expression": "SAMPLECOUNT()"}],
    )  # fmt: skip
    control.created("DatasetImportJob", **request)


def failing(_resource: Resource) -> Completion:
    raise JobFailed("Create failed.")
