"""Solutions, their versions and metrics."""

from __future__ import annotations

import secrets

from services.engine.errors import AlreadyExists, InUse, InvalidInput
from services.engine.operations.base import Answer, Call, Operations
from services.engine.operations.recipes import RECIPES, recipe_of
from services.engine.resources import (
    ACTIVE,
    BATCH_INFERENCE_JOB,
    CREATING,
    DATASET,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    SOLUTION,
    SOLUTION_VERSION,
    Resource,
)

UPDATABLE_RECIPE = "aws-user-personalization"


class SolutionOperations(Operations):
    """What is trained, and how good it is."""

    def create_solution(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        self._check_recipe(call)
        self._check_has_interactions(group)
        given = call.only(
            "name", "datasetGroupArn", "recipeArn", "eventType", "solutionConfig", "performIncrementalUpdate",
        )  # fmt: skip
        body = {
            "performHPO": call.get("performHPO", False),
            "performAutoML": False,
            # The service's default, echoed. Nothing is ever trained here without CreateSolutionVersion.
            "performAutoTraining": call.get("performAutoTraining", True),
            "solutionConfig": {},
            **given,
        }
        return self.create(Resource.create(SOLUTION, call.region, call["name"], body), call)

    def describe_solution(self, call: Call) -> Answer:
        solution = self.find(SOLUTION, call)
        newest = self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn), rows=1)
        latest = {"latestSolutionVersion": newest[0].body} if newest else {}
        return {SOLUTION.wrapper: solution.body | latest}

    def list_solutions(self, call: Call) -> Answer:
        return self.list(SOLUTION, call, parent=DATASET_GROUP)

    def delete_solution(self, call: Call) -> Answer:
        solution = self.find(SOLUTION, call)
        self.refuse_if_busy(solution, (SOLUTION_VERSION, SOLUTION.arn_member))
        for version in self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn)):
            self.refuse_if_busy(version, (BATCH_INFERENCE_JOB, SOLUTION_VERSION.arn_member))
        return self.delete(solution)

    def create_solution_version(self, call: Call) -> Answer:
        solution = self.find_active(SOLUTION, call)
        mode = call.get("trainingMode", "FULL")
        self._check_training_mode(solution, mode)
        self._check_imports_ended(solution)
        name = f"{solution.tail}/{call.get('name') or secrets.token_hex(4)}"
        taken_from_solution = (
            "performHPO", "performAutoML", "performIncrementalUpdate", "recipeArn", "eventType", "datasetGroupArn",
            "solutionConfig",
        )  # fmt: skip
        body = {
            "name": name,
            "solutionArn": solution.arn,
            "trainingMode": mode,
            "trainingType": "MANUAL",
            **{member: solution.body[member] for member in taken_from_solution if member in solution.body},
        }
        version = Resource.create(SOLUTION_VERSION, call.region, name, body)
        if self.store.exists(version.arn):
            raise AlreadyExists(f"Another solution version with Arn {version.arn} already exists; choose another name")
        return self.create(version, call)

    def describe_solution_version(self, call: Call) -> Answer:
        return self.describe(SOLUTION_VERSION, call)

    def list_solution_versions(self, call: Call) -> Answer:
        if call.get(SOLUTION.arn_member):
            self.find(SOLUTION, call)
        return self.list(SOLUTION_VERSION, call, parent=SOLUTION)

    def get_solution_metrics(self, call: Call) -> Answer:
        version = self.find_active(SOLUTION_VERSION, call)
        return {SOLUTION_VERSION.arn_member: version.arn, "metrics": version.inner["metrics"]}

    def _check_recipe(self, call: Call) -> None:
        if call.get("performAutoML"):
            raise InvalidInput("performAutoML is not covered by the engine; leave it out and pass a recipeArn")
        arn = call.get("recipeArn")
        if arn is None:
            raise InvalidInput(
                "CreateSolution needs a recipeArn unless performAutoML is true; ListRecipes returns them"
            )
        if recipe_of(arn) is None:
            raise InvalidInput(
                f"The recipe {arn} is not covered by the engine; use one of {', '.join(sorted(RECIPES))}, or train "
                "this solution in Amazon Personalize"
            )

    def _check_has_interactions(self, group: Resource) -> None:
        datasets = self.store.page(DATASET, where=(DATASET_GROUP.arn_member, group.arn))
        if not any(dataset.body["datasetType"] == "INTERACTIONS" for dataset in datasets):
            raise InvalidInput(
                f"The dataset group {group.arn} has no Interactions dataset; create one and import into it"
            )

    def _check_training_mode(self, solution: Resource, mode: str) -> None:
        if mode != "UPDATE":
            return
        if not solution.body["recipeArn"].endswith(f"/{UPDATABLE_RECIPE}"):
            raise InvalidInput(f"trainingMode UPDATE works with {UPDATABLE_RECIPE} only; use FULL for {solution.arn}")
        versions = self.store.page(SOLUTION_VERSION, where=(SOLUTION.arn_member, solution.arn))
        if not any(one.status == ACTIVE and one.body["trainingMode"] == "FULL" for one in versions):
            raise InvalidInput(
                f"trainingMode UPDATE needs an ACTIVE version of {solution.arn} trained FULL; train that"
            )

    def _check_imports_ended(self, solution: Resource) -> None:
        for dataset in self.store.page(DATASET, where=(DATASET_GROUP.arn_member, solution.body["datasetGroupArn"])):
            for job in self.store.page(DATASET_IMPORT_JOB, where=(DATASET.arn_member, dataset.arn)):
                if job.status in CREATING:
                    raise InUse(f"{dataset.arn} is being imported into by {job.arn}; wait until that has ended")
