"""Batch inference jobs."""

from __future__ import annotations

from services.engine import s3
from services.engine.errors import InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import BATCH_INFERENCE_JOB, SOLUTION_VERSION, Resource

MAX_RESULTS = 500
NOT_COVERED = ("filterArn", "themeGenerationConfig")


class BatchOperations(Operations):
    """Recommendations for many at once."""

    def create_batch_inference_job(self, call: Call) -> Answer:
        self.find_active(SOLUTION_VERSION, call)
        self._check_locations(call)
        self._check_options(call)
        body = {
            "batchInferenceJobMode": "BATCH_INFERENCE",
            **call.only(
                "jobName", "solutionVersionArn", "numResults", "jobInput", "jobOutput", "roleArn",
                "batchInferenceJobConfig", "batchInferenceJobMode",
            ),
        }  # fmt: skip
        return self.create(Resource.create(BATCH_INFERENCE_JOB, call.region, call["jobName"], body), call)

    def describe_batch_inference_job(self, call: Call) -> Answer:
        return self.describe(BATCH_INFERENCE_JOB, call)

    def list_batch_inference_jobs(self, call: Call) -> Answer:
        return self.list(BATCH_INFERENCE_JOB, call, parent=SOLUTION_VERSION)

    def _check_locations(self, call: Call) -> None:
        source, target = call["jobInput"]["s3DataSource"]["path"], call["jobOutput"]["s3DataDestination"]["path"]
        if s3.parse_location(source) is None:
            raise InvalidInput(f"Invalid S3 input path '{source}'. Pass s3://bucket/file or s3://bucket/folder/.")
        if s3.parse_location(target) is None:
            raise InvalidInput(f"Invalid S3 output path '{target}'. Pass s3://bucket/folder/.")
        if source.rstrip("/") == target.rstrip("/"):
            raise InvalidInput(f"Invalid S3 output path '{target}'. It equals the input; pass another folder.")

    def _check_options(self, call: Call) -> None:
        if not 1 <= call.get("numResults", 1) <= MAX_RESULTS:
            raise InvalidInput(f"numResults is {call['numResults']}; pass a number from 1 to {MAX_RESULTS}")
        for member in NOT_COVERED:
            if member in call.request:
                raise InvalidInput(
                    f"{member} of CreateBatchInferenceJob is not covered by the engine yet; leave it out"
                )
        if call.get("batchInferenceJobMode") == "THEME_GENERATION":
            raise InvalidInput(
                "batchInferenceJobMode THEME_GENERATION is not covered by the engine; use BATCH_INFERENCE"
            )
