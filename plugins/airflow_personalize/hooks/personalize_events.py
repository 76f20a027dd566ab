# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""The hook of Amazon Personalize Events: single events, items and users."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_personalize.hooks.base_personalize import PersonalizeBaseHook
from personalize_kinds.events import calls_of


class PersonalizeEventsHook(PersonalizeBaseHook):
    """
    Interact with Amazon Personalize Events.

    Provide thin wrapper around
    :external+boto3:py:class:`boto3.client("personalize-events") <PersonalizeEvents.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize-events"
        super().__init__(*args, **kwargs)

    def put_events(self, tracking_id: str, events: Sequence[dict[str, Any]]) -> int:
        """
        Record events of many users and sessions, in as few calls as the order of each session allows.

        :param tracking_id: Tracking id of the event tracker.
        :param events: Events as PutEvents takes them, each with its `sessionId` and, if known, `userId`.
        :return: The number of calls.
        """
        calls = list(calls_of(events))
        for call in calls:
            self.conn.put_events(trackingId=tracking_id, **call)
        return len(calls)
