"""The engine as a whole: its parts, and one method that answers a call."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATA_DELETION_JOB,
    DATASET,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT_JOB,
    SOLUTION_VERSION,
)
from services.engine.auto_training import AutoTraining
from services.engine.data.datasets import Datasets
from services.engine.disk import NO_SPACE, is_full
from services.engine.errors import InternalFailure, NoSpace, PersonalizeError
from services.engine.files import DataFolder
from services.engine.jobs.batch_inference import BatchInference
from services.engine.jobs.batch_segment import BatchSegment
from services.engine.jobs.data_deletion import DataDeletion
from services.engine.jobs.dataset_export import DatasetExport
from services.engine.jobs.dataset_import import DatasetImport
from services.engine.jobs.train import Train
from services.engine.lifecycle import Job, Lifecycle
from services.engine.operations.base import Call
from services.engine.protocol import Operation, error_body
from services.engine.provider import Provider
from services.engine.quotas import Quotas
from services.engine.runtime.answers import Answers
from services.engine.runtime.deployments import Deployments
from services.engine.s3 import Storage
from services.engine.settings import EngineSettings
from services.engine.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to a call; `error` is the error's code, None on success."""

    status: int
    body: bytes
    error: str | None = None

    @classmethod
    def of(cls, error: PersonalizeError, status: int) -> Reply:
        return cls(status, error_body(error), error.code)


@dataclass
class Engine:
    """The parts of a running engine."""

    store: Store
    lifecycle: Lifecycle
    provider: Provider
    files: DataFolder

    @classmethod
    def open(cls, settings: EngineSettings) -> Engine:
        """Open the data folder and resume the jobs that an earlier process left unfinished."""
        files = DataFolder(settings.data_dir)
        store = Store(files.database)
        datasets = Datasets(store, files)
        deployments = Deployments(store, files, datasets)
        storage = Storage.parse(settings.buckets)
        jobs: dict[str, Job] = {
            DATASET_IMPORT_JOB.noun: DatasetImport(store, files, datasets, storage),
            DATASET_EXPORT_JOB.noun: DatasetExport(store, files, datasets, storage),
            DATA_DELETION_JOB.noun: DataDeletion(store, files, datasets, storage),
            SOLUTION_VERSION.noun: Train(store, datasets, files),
            CAMPAIGN.noun: deployments.prepare,
            BATCH_INFERENCE_JOB.noun: BatchInference(store, files, datasets, storage),
            BATCH_SEGMENT_JOB.noun: BatchSegment(store, files, datasets, storage),
        }
        removals = {DATASET.noun: datasets.forget, CAMPAIGN.noun: deployments.forget}
        preparations = {CAMPAIGN.noun: deployments.prepare_update}
        lifecycle = Lifecycle(store, files, jobs, settings.step_seconds, removals, preparations)
        lifecycle.resume()
        deployments.warm()
        if settings.auto_training:
            AutoTraining(store, lifecycle, datasets.records.newest, settings.clock_speed).start()
        quotas = Quotas(adjustable=settings.quotas == "service")
        provider = Provider(store, lifecycle, datasets, quotas)
        provider.answers = Answers(deployments, datasets)
        return cls(store, lifecycle, provider, files)

    def close(self) -> None:
        self.lifecycle.close()

    def answer(self, operation: Operation, body: bytes, region: str, request_id: str = "") -> Reply:
        """Return the answer to one call of any of the three services. Never raises."""
        try:
            call = Call(operation.parse(body), region)
            return Reply(200, operation.success_body(self.provider.answer(operation, call)))
        except PersonalizeError as error:
            return Reply.of(error, operation.error_status(error))
        except Exception as error:
            # The boundary of a call: any failure is logged, and reported to the client as a bug of the engine.
            if is_full(error):
                log.warning("disk full", operation=operation.name, request_id=request_id, remedy=NO_SPACE)
                full = NoSpace(f"{NO_SPACE}, then send this call again; it changed nothing")
                return Reply.of(full, full.status)
            log.exception("operation broke", operation=operation.name, request_id=request_id)
            failure = InternalFailure(f"The engine broke on {operation.name}; its log says why, request {request_id}")
            return Reply.of(failure, failure.status)
