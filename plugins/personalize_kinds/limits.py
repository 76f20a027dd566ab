"""The service's limits: minimum data, lengths of values, sizes of requests and lists.

Source: Amazon Personalize developer guide, "Endpoints and quotas" and "Datasets and schemas", November 2025. A test
compares those that botocore's model of the service has too.
"""

from __future__ import annotations

#: For an import of interactions, and for a training after its events are filtered.
MIN_INTERACTIONS = 1_000
MIN_USERS_WITH_TWO_INTERACTIONS = 25

#: Characters of a user or item id.
MAX_ID_LENGTH = 256
#: Characters of a categorical value, of a text that is neither categorical nor textual, and of an impression.
MAX_CATEGORICAL_LENGTH = 1_000
#: Characters of a textual value; longer ones are cut.
MAX_TEXTUAL_LENGTH = 20_000

#: Names of resources and jobs.
MAX_NAME_LENGTH = 63
NAME_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*"
MAX_S3_LOCATION_LENGTH = 256
MAX_TAGS, MAX_TAG_KEY_LENGTH, MAX_TAG_VALUE_LENGTH = 50, 128, 256

EVENTS_PER_CALL = 10
#: Distinct types of the events of a dataset group, and items in the impression of an event.
MAX_EVENT_TYPES, MAX_IMPRESSION_ITEMS = 10, 25

#: Number of recommendations in a list: the default, and the maximum.
DEFAULT_RESULTS, MAX_RESULTS = 25, 500
#: The maximum with metadata columns in the answer.
MAX_RESULTS_WITH_METADATA = 50
#: Items in a list to be ranked.
MAX_ITEMS_TO_RANK = 500
MAX_USERS_OF_SEGMENT = 5_000_000

#: Characters of a filter's expression.
MAX_FILTER_LENGTH = 2_500
#: Metrics of a metric attribution, and characters of the event type and of the expression of each.
MAX_METRICS, MAX_METRIC_LENGTH = 10, 256
#: Days between automatic trainings.
MAX_TRAINING_DAYS = 30
