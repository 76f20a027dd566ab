"""The whole life of a dataset group, written once and run twice: through boto3 and through the `aws` command line.

It calls every operation of the three services. Where the engine refuses by design, a refusal is expected.
"""

from __future__ import annotations

import json
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.conformance.drivers import Boto, CommandLine, Refused
from tests.conformance.shop_data import (
    INTERACTIONS,
    ITEMS,
    START,
    USERS,
    WIDER_ITEMS,
    interactions_csv,
    items_csv,
    users_csv,
)
from tests.waiting import wait_for

ROLE = "arn:aws:iam::000000000000:role/aisle-personalize"
RECIPE = "arn:aws:personalize:::recipe/{}"
MISSING = "arn:aws:personalize:us-east-1:000000000000:{}/missing"
ENDED = {"ACTIVE", "CREATE FAILED", "COMPLETED", "FAILED"}


class Life:
    """Calls through `ask`, polls through `boto`, which is fast. `created` has the requests that created `arns`."""

    def __init__(self, name: str, ask: Boto | CommandLine, boto: Boto, s3: Any, bucket: str) -> None:
        self.name, self.ask, self.boto, self.s3, self.bucket = name, ask, boto, s3, bucket
        self.arns: dict[str, str] = {}
        self.created: dict[str, tuple[str, dict[str, Any]]] = {}
        self._readers = ThreadPoolExecutor(1)
        self._reading: list[Future[Any]] = []

    def live(self) -> None:
        """Run everything."""
        self.grow()
        self.end()

    def grow(self) -> None:
        """Run everything up to the deletions."""
        for chapter in (
            self._data, self._imports, self._catalogue, self._solutions, self._filters, self._campaigns, self._events,
            self._runtime, self._batch, self._tags, self._recommenders,
        ):  # fmt: skip
            chapter()
        self._finish_reading()

    def end(self) -> None:
        """Delete everything, from the leaves to the root."""
        for noun, key in ENDS:
            if noun == "Schema":  # the datasets go at the same time, and their schemas are in use until they are gone
                self._await_gone("Dataset", "interactions", "items", "users")
            self.ask(f"Delete{noun}", **{arn_member(noun): self.arns[key]})
            if noun not in ("Dataset", "Schema"):
                self._await_gone(noun, key)

    def spare(self) -> None:
        """Create groups with empty datasets, for tests that need room."""
        for key, text in (("interactions", INTERACTIONS), ("items", ITEMS), ("users", USERS)):
            if f"{key}-schema" not in self.arns:
                self.create("Schema", f"{key}-schema", name=f"{self.name}-{key}", schema=text)
        for group, types in (
            ("spare", ("interactions", "items", "users")),
            ("room", ("interactions", "items")),
        ):
            self.create("DatasetGroup", f"{group}-group", name=f"{self.name}-{group}")
            self.settled("DatasetGroup", f"{group}-group")
            for key in types:
                self.create(
                    "Dataset", f"{group}-{key}", name=key, schemaArn=self.arns[f"{key}-schema"],
                    datasetGroupArn=self.arns[f"{group}-group"], datasetType=key,
                )  # fmt: skip
                self.settled("Dataset", f"{group}-{key}")

    def stop_a_training(self, ask: Boto | CommandLine) -> None:
        """Stop a training, in an engine where it stays pending: elsewhere it ends before `aws` has started."""
        version = self.boto("CreateSolutionVersion", solutionArn=self.arns["personal"])["solutionVersionArn"]
        ask("StopSolutionVersionCreation", solutionVersionArn=version)
        stopped = self.boto("DescribeSolutionVersion", solutionVersionArn=version)["solutionVersion"]
        assert stopped["status"] in ("CREATE STOPPING", "CREATE STOPPED")

    def settled(self, noun: str, key: str, member: str | None = None) -> dict[str, Any]:
        """Wait until a resource, or its latest update, has succeeded."""
        body = self.ended(noun, key, member)
        assert body["status"] in ("ACTIVE", "COMPLETED"), body
        assert member is None or body.get(member, body)["status"] == "ACTIVE", body
        return body

    def ended(self, noun: str, key: str, member: str | None = None) -> dict[str, Any]:
        """Wait until a resource, or its latest update, has succeeded or failed."""

        def ended_body() -> dict[str, Any] | None:
            (body,) = self._look(noun, key).values()
            return body if {body["status"], body.get(member, body)["status"]} <= ENDED else None

        return wait_for(ended_body, f"the end of {key}")

    def upload(self, key: str, content: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=f"{self.name}/{key}", Body=content.encode())
        return f"s3://{self.bucket}/{self.name}/{key}"

    def objects(self, prefix: str) -> dict[str, str]:
        """Return the objects under a prefix of this life, by the rest of their names."""
        listed = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=f"{self.name}/{prefix}").get("Contents", [])
        keys = [entry["Key"] for entry in listed]
        return {
            key.removeprefix(f"{self.name}/{prefix}"): self.s3.get_object(Bucket=self.bucket, Key=key)["Body"]
            .read()
            .decode()
            for key in keys
        }

    def folder(self, key: str) -> dict[str, Any]:
        return {"s3DataDestination": {"path": f"s3://{self.bucket}/{self.name}/{key}/"}}

    def create(self, noun: str, key: str, **request: Any) -> dict[str, Any]:
        answer = self.ask(f"Create{noun}", **request)
        self.arns[key] = answer[arn_member(noun)]
        self.created[key] = f"Create{noun}", request
        return answer

    def read(self, operation: str, **request: Any) -> None:
        """Call an operation that changes nothing, in parallel with the next ones."""
        self._reading.append(self._readers.submit(self.ask, operation, **request))

    def refused(self, code: str, operation: str, **request: Any) -> None:
        with pytest.raises(Refused, match=code):
            self.ask(operation, **request)

    def _data(self) -> None:
        self.create("DatasetGroup", "group", name=self.name, tags=[{"tagKey": "team", "tagValue": "search"}])
        for key, text in (
            ("interactions", INTERACTIONS), ("items", ITEMS), ("wider", WIDER_ITEMS), ("users", USERS),
        ):  # fmt: skip
            self.create("Schema", f"{key}-schema", name=f"{self.name}-{key}", schema=text)
        self.settled("DatasetGroup", "group")
        self.read("DescribeDatasetGroup", datasetGroupArn=self.arns["group"])
        self.read("ListDatasetGroups")
        self.read("DescribeSchema", schemaArn=self.arns["items-schema"])
        self.read("ListSchemas", maxResults=2)
        for key in ("interactions", "items", "users"):
            self.create(
                "Dataset", key, name=key, schemaArn=self.arns[f"{key}-schema"], datasetGroupArn=self.arns["group"],
                datasetType=key.capitalize(),
            )  # fmt: skip
        for key in ("interactions", "items", "users"):
            self.settled("Dataset", key)
        self.create(
            "MetricAttribution", "attribution", name=self.name, datasetGroupArn=self.arns["group"],
            metrics=[{"eventType": "click", "metricName": "clicks", "expression": "SAMPLECOUNT()"}],
            metricsOutputConfig={"roleArn": ROLE, **self.folder("attribution")},
        )  # fmt: skip
        self.settled("MetricAttribution", "attribution")

    def _imports(self) -> None:
        for key, content in (("interactions", interactions_csv()), ("items", items_csv()), ("users", users_csv())):
            self.create(
                "DatasetImportJob", f"{key}-import", jobName=f"{self.name}-{key}", datasetArn=self.arns[key],
                dataSource={"dataLocation": self.upload(f"{key}.csv", content)}, roleArn=ROLE, importMode="FULL",
            )  # fmt: skip
        for key in ("interactions", "items", "users"):
            self.settled("DatasetImportJob", f"{key}-import")
        self.read("DescribeDatasetImportJob", datasetImportJobArn=self.arns["items-import"])
        self.read("ListDatasetImportJobs", datasetArn=self.arns["items"])
        self.ask("UpdateDataset", datasetArn=self.arns["items"], schemaArn=self.arns["wider-schema"])
        self.settled("Dataset", "items", "latestDatasetUpdate")
        self.read("DescribeDataset", datasetArn=self.arns["items"])
        self.read("ListDatasets", datasetGroupArn=self.arns["group"])
        self.ask(
            "UpdateMetricAttribution", metricAttributionArn=self.arns["attribution"], removeMetrics=["clicks"],
            addMetrics=[{"eventType": "purchase", "metricName": "value", "expression": "SUM(Items.PRICE)"}],
        )  # fmt: skip
        self.settled("MetricAttribution", "attribution")
        self.read("DescribeMetricAttribution", metricAttributionArn=self.arns["attribution"])
        self.read("ListMetricAttributions", datasetGroupArn=self.arns["group"])
        self.read("ListMetricAttributionMetrics", metricAttributionArn=self.arns["attribution"])

    def _catalogue(self) -> None:
        self.read("ListRecipes", recipeProvider="SERVICE")
        self.read("DescribeRecipe", recipeArn=RECIPE.format("aws-user-personalization"))
        self.read("DescribeAlgorithm", algorithmArn="arn:aws:personalize:::algorithm/aws-user-personalization")
        self.read(
            "DescribeFeatureTransformation",
            featureTransformationArn="arn:aws:personalize:::feature-transformation/JSON-percentile-filtering",
        )

    def _solutions(self) -> None:
        for key, recipe in SOLUTIONS.items():
            self.create(
                "Solution", key, name=f"{self.name}-{key}", datasetGroupArn=self.arns["group"],
                recipeArn=RECIPE.format(recipe), **({"performAutoTraining": False} if key == "personal" else {}),
            )  # fmt: skip
        for key in SOLUTIONS:
            self.settled("Solution", key)
            self.create("SolutionVersion", f"{key}-version", solutionArn=self.arns[key], trainingMode="FULL")
        for key in SOLUTIONS:
            self.settled("SolutionVersion", f"{key}-version")
        self.ask("UpdateSolution", solutionArn=self.arns["personal"], performAutoTraining=True)
        self.settled("Solution", "personal", "latestSolutionUpdate")
        version = self.arns["personal-version"]
        self.read("DescribeSolution", solutionArn=self.arns["personal"])
        self.read("ListSolutions", datasetGroupArn=self.arns["group"])
        self.read("DescribeSolutionVersion", solutionVersionArn=version)
        self.read("ListSolutionVersions", solutionArn=self.arns["personal"])
        self.read("GetSolutionMetrics", solutionVersionArn=version)

    def _filters(self) -> None:
        self.create(
            "Filter", "filter", name=f"{self.name}-genre", datasetGroupArn=self.arns["group"],
            filterExpression="INCLUDE ItemID WHERE Items.GENRE_NAME IN ($GENRE)",
        )  # fmt: skip
        self.create(
            "Filter", "fresh-filter", name=f"{self.name}-fresh", datasetGroupArn=self.arns["group"],
            filterExpression='EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
        )  # fmt: skip
        self.settled("Filter", "filter")
        self.settled("Filter", "fresh-filter")
        self.read("DescribeFilter", filterArn=self.arns["filter"])
        self.read("ListFilters", datasetGroupArn=self.arns["group"])

    def _campaigns(self) -> None:
        self.create(
            "Campaign", "campaign", name=self.name, solutionVersionArn=self.arns["personal-version"],
            minProvisionedTPS=1, campaignConfig={
                "enableMetadataWithRecommendations": True, "itemExplorationConfig": {"explorationWeight": "0"},
            },
        )  # fmt: skip
        self.create(
            "Campaign", "ranking-campaign", name=f"{self.name}-ranking", solutionVersionArn=self.arns["ranking-version"]
        )
        self.settled("Campaign", "campaign")
        self.settled("Campaign", "ranking-campaign")
        self.ask("UpdateCampaign", campaignArn=self.arns["campaign"], minProvisionedTPS=2)
        self.settled("Campaign", "campaign", "latestCampaignUpdate")
        self.read("DescribeCampaign", campaignArn=self.arns["campaign"])
        self.read("ListCampaigns", solutionArn=self.arns["personal"])

    def _events(self) -> None:
        answer = self.create("EventTracker", "tracker", name=self.name, datasetGroupArn=self.arns["group"])
        self.tracking_id = answer["trackingId"]
        self.settled("EventTracker", "tracker")
        self.read("DescribeEventTracker", eventTrackerArn=self.arns["tracker"])
        self.read("ListEventTrackers", datasetGroupArn=self.arns["group"])
        event = {
            "eventId": "e-1", "eventType": "click", "itemId": "i4", "sentAt": START + 100_000, "eventValue": 2.5,
            "properties": '{"device": "phone"}', "impression": ["i4", "i6"],
        }  # fmt: skip
        self.ask("PutEvents", trackingId=self.tracking_id, sessionId="s-1", userId="u4", eventList=[event])
        properties = json.dumps({"price": 3.5, "genreName": "western", "creationTimestamp": START})
        self.ask("PutItems", datasetArn=self.arns["items"], items=[{"itemId": "new", "properties": properties}])
        self.ask("PutUsers", datasetArn=self.arns["users"], users=[{"userId": "new", "properties": '{"age": 33}'}])
        self.refused(
            "InvalidInputException", "PutActions",
            datasetArn=self.arns["items"], actions=[{"actionId": "a", "properties": "{}"}],
        )  # fmt: skip
        interaction = {"actionId": "a", "sessionId": "s", "timestamp": START, "eventType": "Taken"}
        self.refused(
            "InvalidInputException", "PutActionInteractions",
            trackingId=self.tracking_id, actionInteractions=[interaction],
        )  # fmt: skip

    def _runtime(self) -> None:
        self.ask(
            "GetRecommendations", campaignArn=self.arns["campaign"], userId="u4", numResults=10,
            filterArn=self.arns["filter"], filterValues={"GENRE": '"horror"'}, context={"DEVICE": "phone"},
            metadataColumns={"ITEMS": ["GENRE_NAME", "PRICE"]},
            promotions=[{"name": "offer", "percentPromotedItems": 20, "filterArn": self.arns["fresh-filter"]}],
        )  # fmt: skip
        self.ask(
            "GetPersonalizedRanking", campaignArn=self.arns["ranking-campaign"], userId="u4",
            inputList=["i1", "nobody-knows", "i2"],
        )  # fmt: skip
        self.refused(
            "InvalidInputException", "GetActionRecommendations", campaignArn=self.arns["campaign"], userId="u4"
        )

    def _batch(self) -> None:
        jobs = {
            "batch": ("BatchInferenceJob", "personal", '{"userId": "u4"}\n'),
            "segments": ("BatchSegmentJob", "affinity", '{"itemId": "i4"}\n'),
        }
        for key, (noun, solution, line) in jobs.items():
            self.create(
                noun, key, jobName=f"{self.name}-{key}", solutionVersionArn=self.arns[f"{solution}-version"],
                jobInput={"s3DataSource": {"path": self.upload(f"in/{key}.json", line)}},
                jobOutput=self.folder(f"out/{key}"), roleArn=ROLE, numResults=5,
            )  # fmt: skip
        self.create(
            "DatasetExportJob", "export", jobName=self.name, datasetArn=self.arns["interactions"], roleArn=ROLE,
            ingestionMode="ALL", jobOutput=self.folder("exported"),
        )  # fmt: skip
        for key, noun in (
            ("batch", "BatchInferenceJob"),
            ("segments", "BatchSegmentJob"),
            ("export", "DatasetExportJob"),
        ):
            self.settled(noun, key)
        self.create(
            "DataDeletionJob", "deletion", jobName=self.name, datasetGroupArn=self.arns["group"], roleArn=ROLE,
            dataSource={"dataLocation": self.upload("erase/users.csv", "USER_ID\nu7\n")},
        )  # fmt: skip
        self.settled("DataDeletionJob", "deletion")
        self.read("DescribeBatchInferenceJob", batchInferenceJobArn=self.arns["batch"])
        self.read("ListBatchInferenceJobs", solutionVersionArn=self.arns["personal-version"])
        self.read("DescribeBatchSegmentJob", batchSegmentJobArn=self.arns["segments"])
        self.read("ListBatchSegmentJobs", solutionVersionArn=self.arns["affinity-version"])
        self.read("DescribeDatasetExportJob", datasetExportJobArn=self.arns["export"])
        self.read("ListDatasetExportJobs", datasetArn=self.arns["interactions"])
        self.read("DescribeDataDeletionJob", dataDeletionJobArn=self.arns["deletion"])
        self.read("ListDataDeletionJobs", datasetGroupArn=self.arns["group"])

    def _tags(self) -> None:
        group = self.arns["group"]
        self.ask("TagResource", resourceArn=group, tags=[{"tagKey": "cost", "tagValue": "42"}])
        self.ask("UntagResource", resourceArn=group, tagKeys=["team"])
        self.ask("ListTagsForResource", resourceArn=group)

    def _recommenders(self) -> None:
        missing = MISSING.format("recommender")
        self.refused(
            "InvalidInputException", "CreateRecommender", name=self.name, datasetGroupArn=self.arns["group"],
            recipeArn=RECIPE.format("aws-ecomm-popular-items-by-views"),
        )  # fmt: skip
        for operation in ("DescribeRecommender", "DeleteRecommender", "StartRecommender", "StopRecommender"):
            self.refused("ResourceNotFoundException", operation, recommenderArn=missing)
        self.refused("ResourceNotFoundException", "UpdateRecommender", recommenderArn=missing, recommenderConfig={})
        self.read("ListRecommenders", datasetGroupArn=self.arns["group"])

    def _look(self, noun: str, key: str) -> dict[str, Any]:
        return self.boto(f"Describe{noun}", **{arn_member(noun): self.arns[key]})

    def _await_gone(self, noun: str, *keys: str) -> None:
        for key in keys:
            wait_for(lambda key=key: self._is_gone(noun, key), f"the deletion of {key}")

    def _is_gone(self, noun: str, key: str) -> bool:
        try:
            self._look(noun, key)
        except Refused:
            return True
        return False

    def _finish_reading(self) -> None:
        for reading in self._reading:
            reading.result()


#: The recipe of each solution: for users, rankings and segments.
SOLUTIONS = {
    "personal": "aws-user-personalization",
    "ranking": "aws-personalized-ranking",
    "affinity": "aws-item-affinity",
}

#: The resources to delete, from the leaves to the root.
ENDS = (
    ("Campaign", "campaign"), ("Campaign", "ranking-campaign"), ("Filter", "filter"), ("Filter", "fresh-filter"),
    ("EventTracker", "tracker"), ("MetricAttribution", "attribution"), *(("Solution", key) for key in SOLUTIONS),
    ("Dataset", "interactions"), ("Dataset", "items"), ("Dataset", "users"), ("Schema", "interactions-schema"),
    ("DatasetGroup", "group"),
)  # fmt: skip


def arn_member(noun: str) -> str:
    return f"{noun[0].lower()}{noun[1:]}Arn"
