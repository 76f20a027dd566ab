"""The dataset groups of the pipeline: those of the environment's file, each with stages of its own.

A group is a shop, a region, a category or a segment with models of its own. From `export` on nothing is shared between
groups: each has its DAGs, assets, files, jobs, versions and cache, so that what fails for one stops no other. Those of
the first group have plain names (`export`, asset `models`, schema `cache`); those of any other carry its name
(`export-shop-north`, asset `shop-north/models`, schema `cache_shop_north`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal, cast

from psycopg import sql

from aisle.contracts.personalize import DATASETS, Dataset
from aisle.errors import ConfigurationError
from aisle.groups.desired import schema_name
from aisle.groups.environment import DatasetKey, Group, Solution
from aisle.groups.environment_file import LONGEST_NAME, read
from aisle.pipeline import GROUP_STAGES
from aisle.settings import get_settings

Kind = Literal["users", "items"]

#: Recipes whose batch answers are published, by what they are asked about.
_ANSWERING: dict[Kind, tuple[str, ...]] = {
    "users": ("aws-user-personalization", "aws-user-personalization-v2"),
    "items": ("aws-sims", "aws-similar-items"),
}
#: In a param that takes the name of a group, every one of them.
ALL_GROUPS = "all"
#: PostgreSQL cuts off what is longer.
_LONGEST_IDENTIFIER = 63


@dataclass(frozen=True, slots=True)
class Question:
    """A question of batch inference: about users or items, and the solution (its key in the file) that answers."""

    kind: Kind  # names the input query, the S3 prefixes and the job
    solution: str


@dataclass(frozen=True)
class DatasetGroup:
    """One group of the file, and the names of its resources."""

    described: Group
    is_first: bool

    @property
    def name(self) -> str:
        """Its name in the service."""
        return self.described.name

    @property
    def datasets(self) -> list[Dataset]:
        """The datasets that the pipeline imports into it."""
        return [dataset for dataset in DATASETS if dataset.name in self.described.datasets]

    def dataset_name(self, dataset: Dataset) -> str:
        """Return the name of a dataset in the service."""
        return self.described.name_of(dataset.name, self.described.datasets[_key(dataset)].name)

    def schema_name(self, dataset: Dataset) -> str:
        """Return the name of a dataset's schema in the service: with its hash, because a schema cannot be changed."""
        return schema_name(self.described, _key(dataset))

    @property
    def solutions(self) -> dict[str, Solution]:
        """The solutions that the pipeline trains, by their keys in the file."""
        return self.described.solutions

    def solution_name(self, key: str) -> str:
        """Return the name of a solution in the service."""
        return self.described.name_of(key, self.solutions[key].name)

    @property
    def is_whole_shop(self) -> bool:
        """Whether every interaction of the marts belongs to it."""
        return not self.described.where.restricts("interactions")

    @property
    def questions(self) -> list[Question]:
        """The kinds of questions it answers, perhaps none: the first solution with a recipe for one answers it."""
        questions = []
        for kind, recipes in _ANSWERING.items():
            able = (key for key, solution in self.solutions.items() if solution.recipe in recipes)
            if (first := next(able, None)) is not None:
                questions.append(Question(kind, first))
        return questions

    @property
    def real_time_campaign(self) -> str | None:
        """The name of the campaign that the file gives to the solution that is asked about users."""
        for question in self.questions:
            campaigns = self.solutions[question.solution].campaigns if question.kind == "users" else {}
            for key, campaign in campaigns.items():
                return self.described.name_of(key, campaign.name)
        return None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that it runs: without a question it neither recommends nor publishes."""
        return GROUP_STAGES if self.questions else GROUP_STAGES[: GROUP_STAGES.index("recommend")]

    @property
    def cache_schema(self) -> str:
        """The PostgreSQL schema that holds its published lists."""
        own = f"cache_{self.name.lower().replace('-', '_')}"
        return "cache" if self.is_first else own[:_LONGEST_IDENTIFIER]

    @property
    def folder(self) -> str:
        """The part of its S3 keys between the stage and the rest; ends in '/' unless it is empty."""
        return "" if self.is_first else f"{self.name}/"

    def schedule(self, stage: str) -> str | None:
        """Return when a stage runs for it (cron, UTC); None if the file leaves that to the settings.

        Raises ConfigurationError if two solutions have different schedules: they share their stages.
        """
        schedules = {
            "export": [self.described.import_schedule],
            "train": [solution.training.schedule for solution in self.solutions.values()],
            "recommend": [
                inference.schedule for solution in self.solutions.values() if (inference := solution.batch_inference)
            ],
        }
        crons = sorted({cron for cron in schedules.get(stage, ()) if cron})
        if len(crons) > 1:
            raise ConfigurationError(
                f"the solutions of group {self.name} want to {stage} by different schedules ({', '.join(crons)}), but "
                "a group has one: write the same, or make another group for one of them"
            )
        return crons[0] if crons else None

    def resource_name(self, *parts: str) -> str:
        """A name in the service: all names of a group begin with its own."""
        return "-".join((self.name, *parts))

    def key(self, name: str) -> str:
        """What a thing of this group, such as a solution, is called in the warehouse's own tables."""
        return name if self.is_first else f"{self.name}/{name}"

    def dag_id(self, stage: str) -> str:
        """Return the id of the DAG of a stage of this group."""
        return stage if self.is_first else f"{stage}-{self.name}"

    def mart(self, dataset: str) -> sql.Composed:
        """Its rows of a mart, as they stand after `from` in a query."""
        table = sql.Identifier("personalize", dataset)
        if not self.described.where.restricts(dataset):
            return sql.Composed([table])
        condition = self.described.where.condition(dataset)
        return sql.SQL("(select * from {} where {})").format(table, condition)


def dataset_groups() -> tuple[DatasetGroup, ...]:
    """Return the groups, in the order of the file. Raises ConfigurationError if the file or a group is not usable."""
    settings = get_settings().personalize
    file = settings.resources_file
    return _groups_of(file, settings.dataset_group, file.stat().st_mtime_ns if file.exists() else 0)


@lru_cache(maxsize=4)
def _groups_of(file: Path, _name_of_the_nameless: str, _written_at: int) -> tuple[DatasetGroup, ...]:
    """As long as nobody writes the file: pages of the web server outlive that."""
    described = read(file).groups
    groups = tuple(DatasetGroup(_usable(group), is_first=not place) for place, group in enumerate(described))
    _check_schemas(groups)
    for group in groups:
        _check_names(group)
    return groups


def dataset_group(name: str) -> DatasetGroup:
    """Return the group of a name. Raises ConfigurationError if the file has none."""
    known = {group.name: group for group in dataset_groups()}
    if name not in known:
        raise ConfigurationError(
            f"looking for the dataset group {name}: {get_settings().personalize.resources_file} has "
            f"{', '.join(known)}; name one of these, or add it to the file"
        )
    return known[name]


def _key(dataset: Dataset) -> DatasetKey:
    return cast("DatasetKey", dataset.name)


def _check_schemas(groups: tuple[DatasetGroup, ...]) -> None:
    """PostgreSQL cuts names, and ours have no capitals or hyphens: two groups must not publish over each other."""
    owners: dict[str, DatasetGroup] = {}
    for group in groups:
        owner = owners.setdefault(group.cache_schema, group)
        if owner is not group:
            raise ConfigurationError(
                f"the groups {owner.name} and {group.name} would both publish to the schema {group.cache_schema}, "
                "because their names differ in capitals, '-' and '_' at most, or late: give one of them another name"
            )


def _check_names(group: DatasetGroup) -> None:
    """Return the longest names that the stages make: twins of solutions, and jobs of a run with a key of its own."""
    tag = "123456"
    made = [group.resource_name("holdout", key, tag) for key in group.solutions]
    made += [group.resource_name(dataset.name, "20261121T060000-412", tag) for dataset in group.datasets]
    longest = max(made, key=len)
    if len(longest) > LONGEST_NAME:
        raise ConfigurationError(
            f"the name of group {group.name} is too long: the stages would have to call something {longest}, and the "
            f"service takes {LONGEST_NAME} characters; shorten it, or the key of the solution, by "
            f"{len(longest) - LONGEST_NAME}"
        )


def _usable(group: Group) -> Group:
    if group.name == ALL_GROUPS:
        raise ConfigurationError(
            f"a group is called {ALL_GROUPS}, by which the params of DAGs mean every group: give it another name"
        )
    for key, solution in group.solutions.items():
        if solution.training.mode == "UPDATE" or solution.training.update_schedule:
            raise ConfigurationError(
                f"the solution {key} of group {group.name} asks for trainings of mode UPDATE, which no stage runs: "
                "only FULL brings in what has changed of old items; write `mode: FULL` and take `update_schedule` out"
            )
    for key, dataset in group.datasets.items():
        if not isinstance(dataset.avro, str):
            raise ConfigurationError(
                f"the dataset {key} of group {group.name} has a schema of its own, but the pipeline writes the "
                "columns of the contract: give it `schema: contract`, or keep it in a file for `aisle apply` only"
            )
    return group
