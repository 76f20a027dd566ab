"""What the service enforces: minimums of data, lengths of values, sizes of requests and of files.

Source: Amazon Personalize developer guide, "Endpoints and quotas" and "Datasets and schemas", November 2025. Maximums
that botocore's model of the service holds, such as the length of a name, are not repeated here.
"""

from __future__ import annotations

#: Of an import of interactions, and of what a training learns from after its events were filtered.
MIN_INTERACTIONS = 1_000
MIN_USERS_WITH_TWO_INTERACTIONS = 25

#: Characters of a user or item id.
MAX_ID_LENGTH = 256
#: Characters of a categorical value, of a text that is neither categorical nor textual, and of an impression.
MAX_CATEGORICAL_LENGTH = 1_000
#: Characters of a textual value; what is longer is cut.
MAX_TEXTUAL_LENGTH = 20_000

EVENTS_PER_CALL = 10
