"""Where a limit of Amazon Personalize has to be repeated, because no Python is read there, it is the same."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
import yaml
from botocore.loaders import Loader
from botocore.model import ServiceModel

from aisle.contracts.limits import LONGEST_ID
from aisle.settings import PROJECT_ROOT
from personalize_kinds import limits
from services.serving.admin.endpoints import ATTRIBUTION
from services.serving.settings import ServingSettings

DBT_VARIABLES = yaml.safe_load((PROJECT_ROOT / "dbt" / "dbt_project.yml").read_text())["vars"]
#: The platform's own limit of an id is narrower than the service's; all others are the service's.
DBT_LIMITS = {
    "max_id_length": LONGEST_ID,
    "max_categorical_length": limits.MAX_CATEGORICAL_LENGTH,
    "max_textual_length": limits.MAX_TEXTUAL_LENGTH,
}


def test_the_limits_among_dbts_variables_are_those_of_the_service() -> None:
    """A variable that names a limit and is not in the table fails here: tie it."""
    assert {name: value for name, value in DBT_VARIABLES.items() if re.match("max_|min_", name)} == DBT_LIMITS
    assert LONGEST_ID <= limits.MAX_ID_LENGTH


def test_the_marts_for_analysts_count_as_the_api_does() -> None:
    fields = ServingSettings.model_fields
    assert DBT_VARIABLES["churn_medium_from"] == fields["churn_medium_from"].default
    assert DBT_VARIABLES["churn_high_from"] == fields["churn_high_from"].default
    assert timedelta(days=DBT_VARIABLES["attribution_days"]) == ATTRIBUTION


def test_the_longest_id_of_an_event_in_sql_is_that_of_the_service() -> None:
    statement = (PROJECT_ROOT / "include" / "sql" / "events" / "outbox.sql").read_text()
    lengths = re.findall(r"length\(\w+_id\) (?:>|not between 1 and) (\d+)", statement)
    assert len(lengths) == 3
    assert set(map(int, lengths)) == {limits.MAX_ID_LENGTH}


@pytest.mark.parametrize(
    ("service", "operation", "path", "limit"),
    [
        ("personalize-runtime", "GetRecommendations", "userId", limits.MAX_ID_LENGTH),
        ("personalize-runtime", "GetRecommendations", "itemId", limits.MAX_ID_LENGTH),
        ("personalize-events", "PutEvents", "userId", limits.MAX_ID_LENGTH),
        ("personalize-events", "PutEvents", "sessionId", limits.MAX_ID_LENGTH),
        ("personalize-events", "PutEvents", "eventList", limits.EVENTS_PER_CALL),
        ("personalize-events", "PutEvents", "eventList.itemId", limits.MAX_ID_LENGTH),
        ("personalize", "CreateSolution", "name", limits.MAX_NAME_LENGTH),
        ("personalize", "CreateBatchInferenceJob", "jobName", limits.MAX_NAME_LENGTH),
        ("personalize", "CreateBatchInferenceJob", "jobInput.s3DataSource.path", limits.MAX_S3_LOCATION_LENGTH),
        ("personalize", "CreateFilter", "filterExpression", limits.MAX_FILTER_LENGTH),
        ("personalize", "CreateFilter", "tags.tagKey", limits.MAX_TAG_KEY_LENGTH),
        ("personalize", "CreateFilter", "tags.tagValue", limits.MAX_TAG_VALUE_LENGTH),
        ("personalize", "CreateMetricAttribution", "metrics", limits.MAX_METRICS),
        ("personalize", "CreateMetricAttribution", "metrics.eventType", limits.MAX_METRIC_LENGTH),
        ("personalize", "CreateMetricAttribution", "metrics.expression", limits.MAX_METRIC_LENGTH),
    ],
)
def test_a_limit_that_botocores_model_has_is_the_same(service: str, operation: str, path: str, limit: int) -> None:
    assert member_of(service, operation, path).metadata["max"] == limit


def test_the_pattern_of_names_is_that_of_botocores_model() -> None:
    assert member_of("personalize", "CreateSolution", "name").metadata["pattern"] == limits.NAME_PATTERN


def member_of(service: str, operation: str, path: str) -> Any:
    """The shape at a dotted path within an operation's request; lists are looked into."""
    shape = ServiceModel(Loader().load_service_model(service, "service-2")).operation_model(operation).input_shape
    for member in path.split("."):
        shape = getattr(shape, "member", shape).members[member]
    return shape
