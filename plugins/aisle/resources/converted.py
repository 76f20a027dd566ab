"""The parameter file of "Maintaining Personalized Experiences with Machine Learning", turned into an environment.

That solution of AWS is deprecated; its file says most of what ours says. Every member that is understood is taken out
of the file, so that what is left over at the end is exactly what has no counterpart, and is listed place by place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aisle.errors import ConfigurationError
from aisle.groups.environment import Environment, first_fault
from aisle.resources.aws_cron import five_fields
from personalize_kinds.arns import RECIPE_PREFIX

Part = dict[str, Any]
_BATCH = {"batchInferenceJobs": "batch_inference", "batchSegmentJobs": "batch_segment"}
_RECORD_NAMES = {"interactions": "Interactions", "items": "Items", "users": "Users"}


def convert(file: Path | str) -> tuple[Environment, list[str]]:
    """The environment that a parameter file describes, and what of the file has no counterpart.

    Raises ConfigurationError if it cannot be read or describes what Personalize would not take.
    """
    path = Path(file)
    try:
        parameters = json.loads(path.read_text())
        conversion = _Conversion(deepcopy(parameters))
        return Environment.model_validate(conversion.environment()), conversion.left_over()
    except OSError as error:
        raise _unusable(path, f"{error.strerror}. Name a file that can be read") from error
    except json.JSONDecodeError as error:
        raise _unusable(path, f"{error}. It must be JSON") from error
    except (KeyError, AttributeError, TypeError) as error:
        raise _unusable(path, f"{error!r}. It must have the sections datasetGroup and datasets, as objects") from error
    except ValidationError as error:
        raise _unusable(path, f"{first_fault(error)}. Correct it there first") from error


def _unusable(path: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"Converting the parameter file {path}: {why}.")


class _Conversion:
    """One file. `_rest` shrinks while it is read."""

    def __init__(self, parameters: Part) -> None:
        self._rest = parameters
        self._told: list[str] = []

    def environment(self) -> Part:
        rest = self._rest
        tags = _tags_of(rest)
        group, datasets = rest["datasetGroup"], rest.get("datasets", {})
        return {
            "tags": tags,
            "groups": [
                {
                    **_service_config(group, name="name", domain="domain", kmsKeyArn="kms_key_arn", roleArn="role_arn"),
                    "import_schedule": self._cron(_schedules(group), "import", "datasetGroup"),
                    "datasets": {key: _dataset(key, datasets[key]) for key in _RECORD_NAMES if key in datasets},
                    "solutions": {
                        part["serviceConfig"]["name"]: self._solution(part, f"solutions[{place}]")
                        for place, part in enumerate(rest.get("solutions", []))
                    },
                    "filters": {
                        part["serviceConfig"]["name"]: _service_config(part, name="name", filterExpression="expression")
                        for part in rest.get("filters", [])
                    },
                    "event_tracker": _service_config(rest["eventTracker"], name="name")
                    if "eventTracker" in rest
                    else None,
                }
            ],
        }

    def left_over(self) -> list[str]:
        """What was not understood, place by place, with its value."""
        return self._told + [f"{place}: {value}" for place, value in _leaves(self._rest)]

    def _solution(self, solution: Part, place: str) -> Part:
        config = solution["serviceConfig"]
        version = config.get("solutionVersion", {})
        schedules = _schedules(solution)
        batch = {ours: self._batch(solution, theirs, f"{place}.{theirs}") for theirs, ours in _BATCH.items()}
        campaigns = solution.get("campaigns", [])
        automatic = config.pop("performAutoTraining", None)
        if automatic:
            self._told.append(f"{place}.serviceConfig.performAutoTraining: true: Airflow owns the clock")
        return {
            "recipe": config.pop("recipeArn", "").removeprefix(RECIPE_PREFIX),
            "training": {
                "mode": version.pop("trainingMode", "FULL"),
                "schedule": self._cron(schedules, "full", place),
                "update_schedule": self._cron(schedules, "update", place),
            },
            "campaigns": {
                part["serviceConfig"]["name"]: self._campaign(part, f"{place}.campaigns") for part in campaigns
            },
            **_service_config(
                solution, name="name", solutionConfig="config", performHPO="perform_hpo", eventType="event_type",
                performIncrementalUpdate="incremental_update",
            ),
            **{ours: asked for ours, asked in batch.items() if asked is not None},
        }  # fmt: skip

    def _campaign(self, campaign: Part, place: str) -> Part:
        config = campaign["serviceConfig"].get("campaignConfig", {})
        return {
            "follow_newest": config.pop("syncWithLatestSolutionVersion", True),  # theirs moved it after every training
            "with_metadata": config.pop("enableMetadataWithRecommendations", False),
            "exploration": _exploration(config),
            **_service_config(campaign, name="name", minProvisionedTPS="min_provisioned_tps"),
        }

    def _batch(self, solution: Part, theirs: str, place: str) -> Part | None:
        """The first of a solution's jobs; an Aisle solution is asked in one way, so others are left over."""
        if not solution.get(theirs):
            return None
        job = solution[theirs][0]
        config = job.get("serviceConfig", {}).get("batchInferenceJobConfig", {})
        explored = {"exploration": _exploration(config)} if theirs == "batchInferenceJobs" else {}
        schedule = self._cron(job.get("workflowConfig", {}), "schedule", f"{place}[0]")
        return {"schedule": schedule, **explored, **_taken(job.get("serviceConfig", {}), numResults="num_results")}

    def _cron(self, schedules: Part, key: str, place: str) -> str | None:
        if key not in schedules:
            return None
        try:
            converted = five_fields(schedules[key])
        except ValueError as error:
            self._told.append(f"{place}: schedule {schedules.pop(key)}: {error}")
            return None
        del schedules[key]
        return converted


def _dataset(key: str, dataset: Part) -> Part:
    schema = dataset["schema"]["serviceConfig"]
    record = schema.pop("schema")
    # The service wants the record called after the dataset; the solution's own sample has it in lower case.
    named = {**record, "name": _RECORD_NAMES[key], "version": record.get("version", "1.0")}
    config = _service_config(dataset["dataset"], name="name")
    return {**config, "schema_name": schema.pop("name"), "schema": named}


def _service_config(part: Part, **names: str) -> Part:
    """Members of a serviceConfig by our names, and its tags; both are taken out."""
    config = part.get("serviceConfig", {})
    taken = _taken(config, **names)
    tags = _tags_of(config)
    return {**taken, "tags": tags} if tags else taken


def _taken(config: Part, **names: str) -> Part:
    return {ours: config.pop(theirs) for theirs, ours in names.items() if theirs in config}


def _tags_of(part: Part) -> dict[str, str]:
    return {tag["tagKey"]: tag["tagValue"] for tag in part.pop("tags", [])}


def _schedules(part: Part) -> Part:
    schedules: Part = part.get("workflowConfig", {}).get("schedules", {})
    return schedules


def _exploration(config: Part) -> Part:
    given = config.get("itemExplorationConfig", {})
    names = {"explorationWeight": "weight", "explorationItemAgeCutOff": "item_age_cut_off_days"}
    return {ours: float(given.pop(theirs)) for theirs, ours in names.items() if theirs in given}


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Everything that is left in the file; what has been emptied says nothing any more."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _leaves(part, f"{place}.{key}" if place else key)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _leaves(part, f"{place}[{index}]")
    else:
        yield place, json.dumps(value)
