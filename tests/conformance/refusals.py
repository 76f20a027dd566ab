"""Each error that the models give each operation, and a request for it.

The requests are for a grown life in an engine where everything that starts stays pending (`conftest.grown`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.engine.protocol import SERVICES, operations
from tests.conformance.drivers import SERVICE_OF, Refused, modelled_errors, service_model
from tests.conformance.life import Life
from tests.conformance.shop_data import field, schema

INVALID, NOT_FOUND, EXISTS = "InvalidInputException", "ResourceNotFoundException", "ResourceAlreadyExistsException"
IN_USE, LIMIT, NO_PAGE = "ResourceInUseException", "LimitExceededException", "InvalidNextTokenException"
TAGS, TAG_KEYS = "TooManyTagsException", "TooManyTagKeysException"

Request = dict[str, Any]
Refusal = Callable[[Life], Request]

MORE_THAN_ANY_QUOTA = 501
MANY_TAGS = [{"tagKey": f"k{n}", "tagValue": "v"} for n in range(51)]
#: What Create created in the life, by operation: key of the resource, and the member that names its parent.
CREATED = {
    "CreateDataset": ("items", "datasetGroupArn"),
    "CreateDatasetImportJob": ("items-import", "datasetArn"),
    "CreateDatasetExportJob": ("export", "datasetArn"),
    "CreateDataDeletionJob": ("deletion", "datasetGroupArn"),
    "CreateSolution": ("personal", "datasetGroupArn"),
    "CreateSolutionVersion": ("personal-version", "solutionArn"),
    "CreateCampaign": ("campaign", "solutionVersionArn"),
    "CreateFilter": ("filter", "datasetGroupArn"),
    "CreateEventTracker": ("tracker", "datasetGroupArn"),
    "CreateMetricAttribution": ("attribution", "datasetGroupArn"),
    "CreateBatchInferenceJob": ("batch", "solutionVersionArn"),
    "CreateBatchSegmentJob": ("segments", "solutionVersionArn"),
    "CreateDatasetGroup": ("group", None),
    "CreateSchema": ("items-schema", None),
}
_NO_RECOMMENDER, _NO_ACTIONS = "no recommender is ever created", "there are no actions"
#: What the service owns has neither region nor account in its ARN.
OF_THE_SERVICE = {
    "recipeArn": "recipe", "algorithmArn": "algorithm", "featureTransformationArn": "feature-transformation",
}  # fmt: skip
#: Errors that cannot occur, with the reason.
IMPOSSIBLE: dict[tuple[str, str], str] = {
    ("CreateDataset", LIMIT): "there are as many datasets as types",
    ("CreateEventTracker", LIMIT): "a second tracker of a group already exists",
    ("UpdateSolution", LIMIT): "an update adds nothing",
    ("TagResource", LIMIT): "the limit has an error of its own",
    **{(f"{verb}Resource", IN_USE): "tags may change at any time" for verb in ("Tag", "Untag", "ListTagsFor")},
    **{("CreateRecommender", code): _NO_RECOMMENDER for code in (EXISTS, LIMIT, IN_USE, TAGS)},
    **{(f"{verb}Recommender", IN_USE): _NO_RECOMMENDER for verb in ("Update", "Start", "Stop", "Delete")},
    ("PutActions", IN_USE): _NO_ACTIONS,
    **{("PutActionInteractions", code): _NO_ACTIONS for code in (NOT_FOUND, IN_USE)},
    ("GetActionRecommendations", NOT_FOUND): _NO_ACTIONS,
}


def wrong(operation: str) -> Request:
    """Return a request that the model excludes."""
    shape = operations_shape(operation)
    arn = next((name for name in shape.members if name.lower().endswith("arn")), None)
    if shape.required_members:
        return {}
    return {arn: "no ARN"} if arn else {"maxResults": 101}


def missing(member: str) -> str:
    """Return the ARN of a resource that does not exist."""
    if member in OF_THE_SERVICE:
        return f"arn:aws:personalize:::{OF_THE_SERVICE[member]}/missing"
    return f"arn:aws:personalize:us-east-1:000000000000:{member.removesuffix('Arn').lower()}/missing"


def again(key: str, **changes: Any) -> Refusal:
    """Return the request that created a resource, with changes."""
    return lambda life: life.created[key][1] | simple(**changes)(life)


def anew(key: str, name: str = "new", **changes: Any) -> Refusal:
    """Return the same request with another name."""

    def request(life: Life) -> Request:
        members = again(key, **changes)(life)
        return members | {member: f"errors-{name}" for member in ("name", "jobName") if member in members}

    return request


def arn(key: str) -> Callable[[Life], str]:
    return lambda life: life.arns[key]


def simple(**members: Any) -> Refusal:
    return lambda life: {name: value(life) if callable(value) else value for name, value in members.items()}


def operations_shape(operation: str) -> Any:
    return service_model(SERVICE_OF[operation]).operation_model(operation).input_shape


def table() -> dict[tuple[str, str], Refusal]:
    """Return the requests by operation and error, in the order in which to send them."""
    names = [name for service in SERVICES for name in operations(service)]
    requests: dict[tuple[str, str], Refusal] = {}
    for name in names:
        errors, required = modelled_errors(name), operations_shape(name).required_members
        if INVALID in errors:
            requests[name, INVALID] = lambda _life, name=name: wrong(name)
        if NO_PAGE in errors:
            requests[name, NO_PAGE] = simple(nextToken="never-given")
        if NOT_FOUND in errors and len(required) == 1 and required[0].endswith("Arn"):
            requests[name, NOT_FOUND] = simple(**{required[0]: missing(required[0])})
    for name, (key, parent) in CREATED.items():
        errors = modelled_errors(name)
        if EXISTS in errors:
            requests[name, EXISTS] = again(key)
        if NOT_FOUND in errors and parent:
            requests[name, NOT_FOUND] = anew(key, **{parent: missing(parent)})
        if TAGS in errors:
            requests[name, TAGS] = anew(key, tags=MANY_TAGS)
    return requests | OTHERS


OTHERS: dict[tuple[str, str], Refusal] = {
    # Not found
    ("UpdateDataset", NOT_FOUND): simple(datasetArn=missing("datasetArn"), schemaArn=arn("wider-schema")),
    ("UpdateMetricAttribution", NOT_FOUND): simple(
        metricAttributionArn=missing("metricAttributionArn"), removeMetrics=["clicks"]
    ),
    ("UpdateRecommender", NOT_FOUND): simple(recommenderArn=missing("recommenderArn"), recommenderConfig={}),
    ("CreateRecommender", NOT_FOUND): simple(
        name="errors", datasetGroupArn=missing("datasetGroupArn"),
        recipeArn="arn:aws:personalize:::recipe/aws-ecomm-popular-items-by-views",
    ),
    ("ListSolutionVersions", NOT_FOUND): simple(solutionArn=missing("solutionArn")),
    ("TagResource", NOT_FOUND): simple(resourceArn=missing("campaignArn"), tags=MANY_TAGS[:1]),
    ("UntagResource", NOT_FOUND): simple(resourceArn=missing("campaignArn"), tagKeys=["a"]),
    ("GetRecommendations", NOT_FOUND): simple(campaignArn=missing("campaignArn"), userId="u1"),
    ("GetPersonalizedRanking", NOT_FOUND): simple(campaignArn=missing("campaignArn"), userId="u1", inputList=["i1"]),
    ("PutItems", NOT_FOUND): simple(datasetArn=missing("datasetArn"), items=[{"itemId": "a"}]),
    ("PutActions", NOT_FOUND): simple(datasetArn=missing("datasetArn"), actions=[{"actionId": "a"}]),
    ("PutUsers", NOT_FOUND): simple(datasetArn=missing("datasetArn"), users=[{"userId": "a"}]),
    # Pages and tags
    ("ListMetricAttributionMetrics", NO_PAGE): simple(metricAttributionArn=arn("attribution"), nextToken="never-given"),
    ("CreateDataset", TAGS): again("users", datasetGroupArn=arn("room-group"), tags=MANY_TAGS),
    ("CreateEventTracker", TAGS): again("tracker", datasetGroupArn=arn("room-group"), tags=MANY_TAGS),
    ("TagResource", TAGS): simple(resourceArn=arn("group"), tags=MANY_TAGS),
    ("UntagResource", TAG_KEYS): simple(resourceArn=arn("group"), tagKeys=[f"k{n}" for n in range(51)]),
    # Taken names
    ("CreateSolutionVersion", EXISTS): simple(solutionArn=arn("personal"), name="by-name"),
    ("CreateMetricAttribution", EXISTS): again("attribution", datasetGroupArn=arn("spare-group")),
    ("UpdateMetricAttribution", EXISTS): simple(
        metricAttributionArn=arn("attribution"),
        addMetrics=[{"eventType": "purchase", "metricName": "value", "expression": "SAMPLECOUNT()"}],
    ),
    # In use, because a parent has just been begun
    ("CreateDataset", IN_USE): again("items", datasetGroupArn=arn("pending-group")),
    ("CreateDataDeletionJob", IN_USE): anew("deletion", datasetGroupArn=arn("pending-group")),
    ("CreateSolution", IN_USE): anew("personal", datasetGroupArn=arn("pending-group")),
    ("CreateEventTracker", IN_USE): anew("tracker", datasetGroupArn=arn("pending-group")),
    ("CreateMetricAttribution", IN_USE): anew("attribution", datasetGroupArn=arn("pending-group")),
    ("CreateSolutionVersion", IN_USE): simple(solutionArn=arn("pending-solution")),
    ("CreateCampaign", IN_USE): anew("campaign", solutionVersionArn=arn("pending-version")),
    ("CreateBatchInferenceJob", IN_USE): anew("batch", solutionVersionArn=arn("pending-version")),
    ("CreateBatchSegmentJob", IN_USE): anew("segments", solutionVersionArn=arn("pending-version")),
    ("GetSolutionMetrics", IN_USE): simple(solutionVersionArn=arn("pending-version")),
    ("CreateDatasetImportJob", IN_USE): anew("items-import", datasetArn=arn("spare-interactions")),
    ("CreateDatasetExportJob", IN_USE): anew("export", datasetArn=arn("spare-interactions")),
    ("StopSolutionVersionCreation", IN_USE): simple(solutionVersionArn=arn("personal-version")),
    # In use, because an update has just been begun
    ("UpdateDataset", IN_USE): simple(datasetArn=arn("spare-users"), schemaArn=arn("wider-users-schema")),
    ("PutUsers", IN_USE): simple(datasetArn=arn("spare-users"), users=[{"userId": "a", "properties": '{"age": 1}'}]),
    ("PutItems", IN_USE): simple(datasetArn=arn("spare-items"), items=[{"itemId": "a", "properties": "{}"}]),
    ("UpdateSolution", IN_USE): simple(solutionArn=arn("personal"), performAutoTraining=False),
    ("UpdateCampaign", IN_USE): simple(campaignArn=arn("campaign"), minProvisionedTPS=3),
    # No room: `fill` has used it up
    **{
        (name, LIMIT): anew(CREATED[name][0], "too-many")
        for name in (
            "CreateDatasetGroup", "CreateSchema", "CreateDatasetExportJob",
            "CreateDataDeletionJob", "CreateSolution", "CreateSolutionVersion", "CreateCampaign", "CreateFilter",
            "CreateMetricAttribution", "CreateBatchInferenceJob", "CreateBatchSegmentJob",
        )
    },
    ("CreateDatasetImportJob", LIMIT): anew("items-import", "too-many", datasetArn=arn("users")),
    # In use, because something else needs it or because it has just been begun
    ("DeleteDatasetGroup", IN_USE): simple(datasetGroupArn=arn("group")),
    ("DeleteSchema", IN_USE): simple(schemaArn=arn("wider-users-schema")),
    ("DeleteDataset", IN_USE): simple(datasetArn=arn("spare-interactions")),
    ("DeleteSolution", IN_USE): simple(solutionArn=arn("personal")),
    ("DeleteCampaign", IN_USE): simple(campaignArn=arn("pending-campaign")),
    ("DeleteFilter", IN_USE): simple(filterArn=arn("pending-filter")),
    ("DeleteEventTracker", IN_USE): simple(eventTrackerArn=arn("pending-tracker")),
    ("DeleteMetricAttribution", IN_USE): simple(metricAttributionArn=arn("pending-attribution")),
    ("UpdateMetricAttribution", IN_USE): simple(
        metricAttributionArn=arn("pending-attribution"), removeMetrics=["value"]
    ),
}  # fmt: skip


def begin(life: Life) -> None:
    """Start everything that is to stay pending."""
    pending = "pending"
    life.create("DatasetGroup", "pending-group", name="errors-pending")
    life.create("Solution", "pending-solution", **anew("personal", pending, datasetGroupArn=arn("spare-group"))(life))
    life.create("SolutionVersion", "pending-version", solutionArn=life.arns["personal"], name="by-name")
    life.create("Campaign", "pending-campaign", **anew("campaign", pending)(life))
    life.create("Filter", "pending-filter", **anew("filter", pending)(life))
    life.create("EventTracker", "pending-tracker", **anew("tracker", datasetGroupArn=arn("spare-group"))(life))
    attribution = anew("attribution", pending, datasetGroupArn=arn("room-group"))
    life.create("MetricAttribution", "pending-attribution", **attribution(life))
    imported = anew("items-import", pending, datasetArn=arn("spare-interactions"))
    life.create("DatasetImportJob", "pending-import", **imported(life))
    wider = schema("Users", field("USER_ID", "string"), field("AGE", "int"), field("CITY", ["null", "string"]))
    life.create("Schema", "wider-users-schema", name="errors-wider-users", schema=wider)
    for made in ("wider-users-schema", "wider-schema"):
        dataset = life.arns["spare-users" if "users" in made else "spare-items"]
        life.ask("UpdateDataset", datasetArn=dataset, schemaArn=life.arns[made])
    life.ask("UpdateSolution", solutionArn=life.arns["personal"], performAutoTraining=False)
    life.ask("UpdateCampaign", campaignArn=life.arns["campaign"], minProvisionedTPS=3)


def fill(life: Life, operation: str) -> None:
    """Use up the quota of what an operation creates."""
    key = CREATED[operation][0]
    if operation == "CreateDatasetImportJob":
        for dataset in ("room-interactions", "room-items", "interactions", "items"):
            life.ask(operation, **anew(key, f"fill-{dataset}", datasetArn=arn(dataset))(life))
        return
    for number in range(MORE_THAN_ANY_QUOTA):
        try:
            life.ask(operation, **anew(key, f"fill-{number}")(life))
        except Refused as refusal:
            if refusal.code != LIMIT:
                raise
            return
