"""Solutions, their versions and their metrics."""

from __future__ import annotations

import secrets
from typing import Any

from personalize_kinds.kinds import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
)
from personalize_kinds.statuses import ACTIVE, CREATE_IN_PROGRESS, CREATE_PENDING, CREATING
from services.engine.catalogue import RECIPES, Recipe, recipe_of
from services.engine.errors import AlreadyExists, InUse, InvalidInput
from services.engine.jobs.train import recipe_name
from services.engine.models import MODELS
from services.engine.operations import solution_config
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import Resource

UPDATABLE_RECIPE = "aws-user-personalization"
#: The result of performAutoML if the caller lists no recipes.
AUTO_ML_RECIPE = RECIPES["aws-user-personalization"]
NEEDS_ITEMS = "aws-item-attribute-affinity"
MANUAL, AUTOMATIC = "MANUAL", "AUTOMATIC"

_OF_SOLUTION = (
    "performHPO", "performAutoML", "performIncrementalUpdate", "recipeArn", "eventType", "datasetGroupArn",
    "solutionConfig",
)  # fmt: skip


class SolutionOperations(Operations):
    """Operations on solutions and solution versions."""

    def create_solution(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        recipe = _recipe_for(call)
        schemas = self.schemas(group)
        _check_datasets(recipe, schemas, group)
        _check_flags(call, recipe)
        config = call.get("solutionConfig", {})
        solution_config.check(solution_config.Plan(recipe, config, schemas, call.get("eventType")))
        auto_ml = call.get("performAutoML", False)
        body = {
            **call.only("name", "datasetGroupArn", "eventType", "performIncrementalUpdate"),
            "recipeArn": recipe.arn,
            "performHPO": auto_ml or call.get("performHPO", False),
            "performAutoML": auto_ml,
            "performAutoTraining": call.get("performAutoTraining", True),
            "solutionConfig": config,
            **({"autoMLResult": {"bestRecipeArn": recipe.arn}} if auto_ml else {}),
        }
        return self.create(Resource.create(SOLUTION, call.region, call["name"], body), call)

    def update_solution(self, call: Call) -> Answer:
        solution = self.find_active(SOLUTION, call)
        if solution.updating:
            raise InUse(f"An update of {solution.arn} has not ended; wait until latestSolutionUpdate is ACTIVE")
        update = call.only("performAutoTraining", "performIncrementalUpdate", "solutionUpdateConfig")
        if not update:
            raise InvalidInput(
                "UpdateSolution was given nothing to change; pass performAutoTraining, performIncrementalUpdate or "
                "solutionUpdateConfig"
            )
        recipe = RECIPES[recipe_name(solution.body["recipeArn"])]
        _check_flags(call, recipe)
        config = update.get("solutionUpdateConfig", {})
        solution_config.check(solution_config.Plan(recipe, config, {}, solution.body.get("eventType")))
        self.lifecycle.update(solution, update)
        return {SOLUTION.arn_member: solution.arn}

    def describe_solution(self, call: Call) -> Answer:
        solution = self.find(SOLUTION, call)
        newest = self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn), rows=1)
        latest = {"latestSolutionVersion": newest[0].body} if newest else {}
        return {SOLUTION.member: solution.body | latest}

    def list_solutions(self, call: Call) -> Answer:
        return self.list(SOLUTION, call, parent=DATASET_GROUP)

    def delete_solution(self, call: Call) -> Answer:
        solution = self.find(SOLUTION, call)
        if solution.updating:
            raise InUse(f"An update of {solution.arn} has not ended; wait until latestSolutionUpdate is ACTIVE")
        self.refuse_if_used(solution, (CAMPAIGN, SOLUTION.arn_member))
        self.refuse_if_busy(solution, (SOLUTION_VERSION, SOLUTION.arn_member))
        batch_jobs = [(kind, SOLUTION_VERSION.arn_member) for kind in (BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB)]
        for version in self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn)):
            self.refuse_if_busy(version, *batch_jobs)
        return self.delete(solution)

    def create_solution_version(self, call: Call) -> Answer:
        solution = self.find(SOLUTION, call)
        # The documentation says ACTIVE, but the service accepts this right after CreateSolution.
        if solution.status not in (ACTIVE, *CREATING):
            raise InUse(f"{solution.arn} is {solution.status}, so no version of it can be trained")
        mode = call.get("trainingMode", "FULL")
        self._check_training_mode(solution, mode)
        self._check_imports_ended(solution)
        version = version_of(solution, name=call.get("name"), trainingMode=mode, trainingType=MANUAL)
        if self.store.exists(version.arn):
            raise AlreadyExists(f"Another solution version with Arn {version.arn} already exists; choose another name")
        return self.create(version, call)

    def stop_solution_version_creation(self, call: Call) -> Answer:
        version = self.find(SOLUTION_VERSION, call)
        if version.status not in (CREATE_PENDING, CREATE_IN_PROGRESS):
            raise InUse(f"{version.arn} is {version.status}; only a training that has not ended can be stopped")
        self.lifecycle.stop(version)
        return {}

    def describe_solution_version(self, call: Call) -> Answer:
        return self.describe(SOLUTION_VERSION, call)

    def list_solution_versions(self, call: Call) -> Answer:
        if named := call.get(SOLUTION.arn_member):
            self.store.get(SOLUTION, SOLUTION.own_arn(named))
        return self.list(SOLUTION_VERSION, call, parent=SOLUTION)

    def get_solution_metrics(self, call: Call) -> Answer:
        version = self.find_active(SOLUTION_VERSION, call)
        return {SOLUTION_VERSION.arn_member: version.arn, "metrics": version.inner["metrics"]}

    def _check_training_mode(self, solution: Resource, mode: str) -> None:
        if mode == "FULL":
            return
        if mode != "UPDATE":
            raise InvalidInput(f"trainingMode {mode} is reserved for the service; pass FULL or UPDATE")
        if not solution.body["recipeArn"].endswith(f"/{UPDATABLE_RECIPE}"):
            raise InvalidInput(f"trainingMode UPDATE works with {UPDATABLE_RECIPE} only; use FULL for {solution.arn}")
        versions = self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn))
        if not any(version.status == ACTIVE and version.body["trainingMode"] == "FULL" for version in versions):
            raise InvalidInput(
                f"trainingMode UPDATE needs an ACTIVE version of {solution.arn} trained FULL; train one first"
            )

    def _check_imports_ended(self, solution: Resource) -> None:
        for dataset in self.store.page(DATASET, where=(DATASET_GROUP.arn_member, solution.body["datasetGroupArn"])):
            for job in self.store.page(DATASET_IMPORT_JOB, where=(DATASET.arn_member, dataset.arn)):
                if job.status in CREATING:
                    raise InUse(f"{job.arn} is importing into {dataset.arn}; wait until it has ended")


def version_of(solution: Resource, name: str | None = None, **members: Any) -> Resource:
    """Build a version of a solution, with a random name unless one is given; `members` go into its body."""
    tail = f"{solution.tail}/{name or secrets.token_hex(4)}"
    body = {
        "name": tail,
        "solutionArn": solution.arn,
        **{member: solution.body[member] for member in _OF_SOLUTION if member in solution.body},
        **members,
    }
    return Resource.create(SOLUTION_VERSION, solution.region, tail, body)


def _recipe_for(call: Call) -> Recipe:
    """Return the recipe of a CreateSolution, or choose one for performAutoML. Raises InvalidInput."""
    arn = call.get("recipeArn")
    if call.get("performAutoML"):
        if arn is not None:
            raise InvalidInput("With performAutoML the recipe is chosen for you; leave recipeArn out, or performAutoML")
        listed = call.get("solutionConfig", {}).get("autoMLConfig", {}).get("recipeList", [AUTO_ML_RECIPE.arn])
        candidates = [recipe_of(listed_arn) for listed_arn in listed]
        return next((recipe for recipe in candidates if recipe and recipe.name in MODELS), AUTO_ML_RECIPE)
    if arn is None:
        raise InvalidInput("CreateSolution needs a recipeArn unless performAutoML is true; ListRecipes returns them")
    recipe = recipe_of(arn)
    if recipe is None:
        raise InvalidInput(f"There is no recipe {arn}; ListRecipes returns the existing ones")
    if recipe.domain:
        raise InvalidInput(f"The recipe {arn} is for recommenders of the domain {recipe.domain}, not for solutions")
    if recipe.name not in MODELS:
        raise InvalidInput(
            f"The recipe {arn} is not covered by the engine; use one of {', '.join(sorted(MODELS))}, or train "
            "this solution in Amazon Personalize"
        )
    return recipe


def _check_datasets(recipe: Recipe, schemas: solution_config.Schemas, group: Resource) -> None:
    if "INTERACTIONS" not in schemas:
        raise InvalidInput(f"The dataset group {group.arn} has no Interactions dataset; create one and import into it")
    if recipe.name == NEEDS_ITEMS and "ITEMS" not in schemas:
        raise InvalidInput(f"{recipe.name} needs an Items dataset, which {group.arn} does not have; create one")


def _check_flags(call: Call, recipe: Recipe) -> None:
    if call.get("performIncrementalUpdate"):
        raise InvalidInput(f"performIncrementalUpdate belongs to aws-semantic-similarity, not to {recipe.name}")
    if call.get("performHPO") and not any(parameter.tunable for parameter in recipe.algorithm.hyperparameters):
        raise InvalidInput(f"{recipe.name} has no tunable hyperparameter; leave performHPO out")
