"""Batch jobs: recommendations for many users or items, and segments of users for items."""

from __future__ import annotations

from typing import Any

from personalize_kinds.kinds import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB, DATASET_GROUP, FILTER, SOLUTION_VERSION
from personalize_kinds.limits import DEFAULT_RESULTS, MAX_RESULTS, MAX_USERS_OF_SEGMENT
from personalize_kinds.statuses import ACTIVE
from services.engine import s3
from services.engine.catalogue import POPULAR_ITEMS, USER_SEGMENTATION, Recipe, recipe_of
from services.engine.errors import InUse, InvalidInput
from services.engine.filters import Filter, parse
from services.engine.jobs.batch_segment import OF_ATTRIBUTES
from services.engine.operations import exploration
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource

BATCH_INFERENCE, THEME_GENERATION = "BATCH_INFERENCE", "THEME_GENERATION"
_MEMBERS = ("jobName", "solutionVersionArn", "filterArn", "jobInput", "jobOutput", "roleArn")


class BatchOperations(Operations):
    """Operations on batch jobs, which read and write S3."""

    def create_batch_inference_job(self, call: Call) -> Answer:
        version, recipe = self._trained(call)
        _check_is_for_inference(recipe)
        _check_locations(call)
        _check_mode(call)
        _check_number(call, MAX_RESULTS)
        _check_config(call.get("batchInferenceJobConfig", {}), recipe)
        self._narrowed_by(call, version, "ITEM")
        body = {
            "batchInferenceJobMode": BATCH_INFERENCE,
            "numResults": DEFAULT_RESULTS,
            **call.only(*_MEMBERS, "numResults", "batchInferenceJobConfig", "batchInferenceJobMode"),
        }
        return self.create(Resource.create(BATCH_INFERENCE_JOB, call.region, call["jobName"], body), call)

    def describe_batch_inference_job(self, call: Call) -> Answer:
        return self.describe(BATCH_INFERENCE_JOB, call)

    def list_batch_inference_jobs(self, call: Call) -> Answer:
        return self.list(BATCH_INFERENCE_JOB, call, parent=SOLUTION_VERSION)

    def create_batch_segment_job(self, call: Call) -> Answer:
        version, recipe = self._trained(call)
        if recipe.type != USER_SEGMENTATION:
            raise InvalidInput(
                f"A batch segment job needs a solution version of a user segmentation recipe, {version.arn} is of "
                f"{recipe.name}; use CreateBatchInferenceJob"
            )
        _check_locations(call)
        _check_number(call, MAX_USERS_OF_SEGMENT)
        chosen = self._narrowed_by(call, version, "USER")
        if chosen and chosen.uses_events and recipe.name == OF_ATTRIBUTES:
            raise InvalidInput(f"Filters on interactions cannot be used with {OF_ATTRIBUTES}; filter on Users columns")
        body = {"numResults": DEFAULT_RESULTS, **call.only(*_MEMBERS, "numResults")}
        return self.create(Resource.create(BATCH_SEGMENT_JOB, call.region, call["jobName"], body), call)

    def describe_batch_segment_job(self, call: Call) -> Answer:
        return self.describe(BATCH_SEGMENT_JOB, call)

    def list_batch_segment_jobs(self, call: Call) -> Answer:
        return self.list(BATCH_SEGMENT_JOB, call, parent=SOLUTION_VERSION)

    def _trained(self, call: Call) -> tuple[Resource, Recipe]:
        version = self.find_active(SOLUTION_VERSION, call)
        recipe = recipe_of(version.body["recipeArn"])
        if recipe is None:
            raise InvalidInput(f"{version.arn} was trained with {version.body['recipeArn']}, which the engine lacks")
        return version, recipe

    def _narrowed_by(self, call: Call, version: Resource, target: str) -> Filter | None:
        """Return the filter of a call, or None. It must be ACTIVE, of the version's group, and of the right target."""
        if FILTER.arn_member not in call.request:
            return None
        chosen = self.find(FILTER, call)
        if chosen.status != ACTIVE:
            raise InUse(f"{chosen.arn} is {chosen.status}, but must be ACTIVE for this call; wait until it is")
        groups = chosen.body[DATASET_GROUP.arn_member], version.body[DATASET_GROUP.arn_member]
        if groups[0] != groups[1]:
            raise InvalidInput(
                f"The filter {chosen.arn} belongs to {groups[0]}, the version to {groups[1]}; pass one of the latter"
            )
        parsed = parse(chosen.body["filterExpression"])
        if parsed.target != target:
            raise InvalidInput(f"The filter {chosen.arn} selects {parsed.target}s; this job needs one for {target}s")
        return parsed


def _check_is_for_inference(recipe: Recipe) -> None:
    if recipe.type == USER_SEGMENTATION:
        raise InvalidInput(f"{recipe.name} creates segments of users; use CreateBatchSegmentJob")
    if recipe.type == POPULAR_ITEMS:
        raise InvalidInput(f"{recipe.name} has no batch inference; deploy the version in a campaign")


def _check_locations(call: Call) -> None:
    source, target = call["jobInput"]["s3DataSource"]["path"], call["jobOutput"]["s3DataDestination"]["path"]
    if s3.parse_location(source) is None:
        raise InvalidInput(f"Invalid S3 input path '{source}'. Pass s3://bucket/file or s3://bucket/folder/.")
    if s3.parse_location(target) is None:
        raise InvalidInput(f"Invalid S3 output path '{target}'. Pass s3://bucket/folder/.")
    if source.rstrip("/") == target.rstrip("/"):
        raise InvalidInput(f"Invalid S3 output path '{target}'. It equals the input; pass another folder.")


def _check_number(call: Call, maximum: int) -> None:
    if not 1 <= call.get("numResults", 1) <= maximum:
        raise InvalidInput(f"numResults is {call['numResults']}; pass a number from 1 to {maximum}")


def _check_mode(call: Call) -> None:
    if call.get("batchInferenceJobMode") == THEME_GENERATION or "themeGenerationConfig" in call.request:
        raise InvalidInput(
            "Themes are out of the engine's scope: they are written by a language model. Use batchInferenceJobMode "
            "BATCH_INFERENCE without themeGenerationConfig, or run this job in Amazon Personalize"
        )


def _check_config(config: dict[str, Any], recipe: Recipe) -> None:
    if config.get("rankingInfluence"):
        raise InvalidInput(f"rankingInfluence belongs to aws-semantic-similarity, not to {recipe.name}; leave it out")
    exploration.check(config.get("itemExplorationConfig", {}), recipe)
