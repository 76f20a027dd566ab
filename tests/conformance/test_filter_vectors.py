"""The contract's filter vectors over the wire: each is created and used, by a campaign or a batch segment job."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conformance.drivers import Boto, Refused
from tests.conformance.life import RECIPE, ROLE, Life
from tests.filter_vectors import AVRO, EVENTS, INVALID, ITEMS, USERS, VALID

FILLERS, START = 1_100, 1_750_000_000
OF_ITEMS = [vector for vector in VALID if "userid" not in vector[0].lower()]
OF_USERS = [vector for vector in VALID if "userid" in vector[0].lower()]


def csv(columns: list[str], rows: list[dict[str, Any]]) -> str:
    cells = [",".join("" if row.get(name) is None else str(row[name]) for name in columns) for row in rows]
    return "\n".join([",".join(columns), *cells, ""])


def tables() -> dict[str, str]:
    """Return the contract's data, and further users who only view, so that there is enough to train on."""
    columns = {kind: [field["name"] for field in json.loads(text)["fields"]] for kind, text in AVRO.items()}
    prices = {name: 1 for name in columns["ITEMS"] if name.startswith("P") and name[1:].isdigit()}
    listed = [{"USER_ID": user, "EVENT_TYPE": kind, "ITEM_ID": item} for user, kind, item in EVENTS]
    views = [{"USER_ID": f"f{n % 60}", "EVENT_TYPE": "view", "ITEM_ID": "ABCDE"[n * 7 % 5]} for n in range(FILLERS)]
    events = [event | {"TIMESTAMP": START + n} for n, event in enumerate([*listed, *views])]
    return {
        "INTERACTIONS": csv(columns["INTERACTIONS"], events),
        "ITEMS": csv(columns["ITEMS"], [{"ITEM_ID": key, **row, **prices} for key, row in ITEMS.items()]),
        "USERS": csv(columns["USERS"], [{"USER_ID": key, **row} for key, row in USERS.items()]),
    }


class World(Life):
    """The contract's items, users and events in a group of its own, with three trained recipes."""

    def begin(self) -> None:
        self.create("DatasetGroup", "group", name=self.name)
        self.settled("DatasetGroup", "group")
        for kind, content in tables().items():
            self.create("Schema", f"{kind}-schema", name=f"{self.name}-{kind}", schema=AVRO[kind])
            self.create(
                "Dataset", kind, name=kind, schemaArn=self.arns[f"{kind}-schema"],
                datasetGroupArn=self.arns["group"], datasetType=kind,
            )  # fmt: skip
            self.settled("Dataset", kind)
            self.create(
                "DatasetImportJob", f"{kind}-import", jobName=f"{self.name}-{kind}", datasetArn=self.arns[kind],
                roleArn=ROLE, dataSource={"dataLocation": self.upload(f"{kind}.csv", content)},
            )  # fmt: skip
            self.settled("DatasetImportJob", f"{kind}-import")
        for recipe in ("aws-popularity-count", "aws-sims", "aws-item-affinity"):
            self._train(recipe)

    def filter(self, key: str, expression: str) -> str:
        self.create(
            "Filter", key, name=f"{self.name}-{key}", datasetGroupArn=self.arns["group"], filterExpression=expression
        )
        self.settled("Filter", key)
        return self.arns[key]

    def items_kept(self, filter_arn: str, given: dict[str, str]) -> set[str]:
        values = {name: value for name, value in given.items() if name not in ("user", "item")}
        asked = {"itemId": given["item"]} if "item" in given else {}
        recipe = "aws-sims" if asked else "aws-popularity-count"
        answer = self.boto(
            "GetRecommendations", campaignArn=self.arns[f"{recipe}-campaign"], userId=given.get("user", "nobody"),
            numResults=500, filterArn=filter_arn, filterValues=values, **asked,
        )  # fmt: skip
        return {item["itemId"] for item in answer["itemList"]}

    def users_kept(self, key: str, filter_arn: str, values: dict[str, str]) -> set[str]:
        line = json.dumps({"itemId": "A"} | ({"filterValues": values} if values else {}))
        self.create(
            "BatchSegmentJob", f"{key}-job", jobName=f"{self.name}-{key}", filterArn=filter_arn, roleArn=ROLE,
            solutionVersionArn=self.arns["aws-item-affinity-version"], numResults=1_000,
            jobInput={"s3DataSource": {"path": self.upload(f"{key}.json", line)}}, jobOutput=self.folder(f"out-{key}"),
        )  # fmt: skip
        self.settled("BatchSegmentJob", f"{key}-job")
        (answer,) = self.objects(f"out-{key}/")[f"{key}.json.out"].splitlines()
        return set(json.loads(answer)["output"]["usersList"])

    def _train(self, recipe: str) -> None:
        self.create(
            "Solution", recipe, name=f"{self.name}-{recipe}", datasetGroupArn=self.arns["group"],
            recipeArn=RECIPE.format(recipe), performAutoTraining=False,
        )  # fmt: skip
        self.settled("Solution", recipe)
        self.create("SolutionVersion", f"{recipe}-version", solutionArn=self.arns[recipe])
        version = self.settled("SolutionVersion", f"{recipe}-version")
        if recipe != "aws-item-affinity":
            self.create(
                "Campaign", f"{recipe}-campaign", name=f"{self.name}-{recipe}",
                solutionVersionArn=version["solutionVersionArn"],
            )  # fmt: skip
            self.settled("Campaign", f"{recipe}-campaign")


@pytest.fixture(scope="module")
def world(engine: Any, storage: tuple[Any, str]) -> World:
    made = World("vectors", Boto(engine.url), Boto(engine.url), *storage)
    made.begin()
    return made


@pytest.mark.parametrize(("expression", "given", "kept"), OF_ITEMS)
def test_campaign_answers_with_what_the_vector_keeps(
    world: World, expression: str, given: dict[str, str], kept: str
) -> None:
    key = f"v{OF_ITEMS.index((expression, given, kept))}"
    # The item of the question is never an answer.
    expected = set(kept.split()) - {given.get("item")}
    try:
        assert world.items_kept(world.filter(key, expression), given) == expected
    finally:
        world.ask("DeleteFilter", filterArn=world.arns[key])


@pytest.mark.parametrize(("expression", "values", "kept"), OF_USERS)
def test_segment_holds_whom_the_vector_keeps(world: World, expression: str, values: dict[str, str], kept: str) -> None:
    key = f"s{OF_USERS.index((expression, values, kept))}"
    segment = world.users_kept(key, world.filter(key, expression), values)
    assert segment & USERS.keys() == set(kept.split())


@pytest.mark.parametrize("expression", [expression for expression, _ in INVALID])
def test_create_filter_refuses_what_is_no_filter(world: World, expression: str) -> None:
    with pytest.raises(Refused, match="InvalidInputException"):
        world.ask("CreateFilter", name="refused", datasetGroupArn=world.arns["group"], filterExpression=expression)
