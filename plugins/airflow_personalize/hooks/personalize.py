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
"""Hooks of Amazon Personalize, its events and its runtime, and the errors of failed calls."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import hashlib
import json
import logging
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.waiters.base_waiter import BaseBotoWaiter
from asgiref.sync import sync_to_async
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from airflow_personalize.exceptions import (
    PersonalizeError,
    PersonalizeFinalError,
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_personalize.hooks.shared_client import SharedClient, shared_client
from personalize_kinds.codes import ALREADY_EXISTS, IN_USE, NOT_FOUND, QUOTA_REACHED, passes
from personalize_kinds.events import calls_of
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import Kind
from personalize_kinds.polls import Poll
from personalize_kinds.responses import check_responses
from personalize_kinds.statuses import Outcome

log = logging.getLogger(__name__)

#: Key of the digests in :meth:`PersonalizeBaseHook._client_key`, useless outside this process.
_PROCESS_KEY = secrets.token_bytes(32)

#: Errors of a call without a readable response: whether it took effect is unknown.
LOST = (BotoCoreError, ResponseParserError)

#: Errors that find-or-create and delete provoke on purpose.
_EXPECTED = (ALREADY_EXISTS, NOT_FOUND)

#: Errors that pass when another resource has ended, such as the jobs that a quota counts, or is deleted.
_IN_THE_WAY = (IN_USE, QUOTA_REACHED)

#: Written from the status table: `python -m personalize_kinds.waiters`.
WAITERS = Path(__file__).parents[1] / "waiters" / "personalize.json"

_IN_WORDS = {
    "active": "to become ACTIVE",
    "updated": "to take its update",
    "stopped": "to be stopped",
    "deleted": "to be gone",
}


class PersonalizeBaseHook(AwsBaseHook):
    """Base of the hooks: logs every failed call with its request id, which AWS support asks for first."""

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """
        Get the session. Its sync and async clients check every response and log every failed call.

        :param region_name: AWS region of the session.
        :param deferrable: If True, get an aiobotocore session for async clients.
        """
        session = super().get_session(region_name=region_name, deferrable=deferrable)
        events = session.get_component("event_emitter") if deferrable else session.events
        check_responses(events, self.client_type)
        events.register(f"after-call.{self.client_type}", log_failed_call)
        return session

    async def get_async_conn(self) -> SharedClient:
        """Get the async client, to be entered; hooks with the same configuration share one per event loop."""
        return shared_client(await sync_to_async(self._client_key)(), super().get_async_conn)

    def _client_key(self) -> bytes:
        """
        Build the key under which hooks share a client.

        It is a keyed digest, so that no credential can be read from it.
        A connection that was edited has another key, and so gets a new client.
        """
        conn = self.conn_config
        credentials = (conn.login, conn.password, conn.extra_config)
        parts = (self.client_type, *credentials, self.region_name, self.verify, vars(self.config))
        return hashlib.blake2b(repr(parts).encode(), key=_PROCESS_KEY).digest()


class PersonalizeHook(PersonalizeBaseHook):
    """
    Interact with Amazon Personalize.

    Provide thin wrapper around :external+boto3:py:class:`boto3.client("personalize") <Personalize.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize"
        super().__init__(*args, **kwargs)

    @property
    def waiter_path(self) -> Path:
        """Path of the only waiters of this service: botocore and the Amazon provider have none."""
        return WAITERS

    def get_async_waiter(self, waiter_name: str, client: Any) -> Any:
        """
        Get an async waiter; the waiter file is parsed once per process.

        :meth:`get_waiter` parses it for each waiter, which takes 7 ms of CPU: too much for a triggerer, which
        waits for a thousand tasks.

        :param waiter_name: Name of the waiter.
        :param client: Async client that polls.
        """
        return BaseBotoWaiter(client=client, model_config=_waiters(), deferrable=True).waiter(waiter_name)

    @property
    def gateway(self) -> Gateway:
        """Gateway that finds, lists, describes and polls resources through this hook's client."""
        return Gateway(self.conn)

    def describe(self, kind: Kind, arn: str) -> dict[str, Any]:
        """
        Describe a resource.

        :param kind: Kind of the resource.
        :param arn: ARN of the resource.
        """
        return self.gateway.describe(kind, arn)

    def poll(self, kind: Kind, arn: str, outcome: Outcome = "active") -> Poll:
        """
        Poll for an outcome.

        :param kind: Kind of the resource.
        :param arn: ARN of the resource.
        :param outcome: The outcome to wait for.
        """
        return self.gateway.poll(kind, arn, outcome)

    def find(self, kind: Kind, arn_tail: str, **parent: str) -> str | None:
        """
        Find the ARN of a resource by its name; return None if there is no such resource.

        :param kind: Kind of the resource.
        :param arn_tail: The end of the ARN: the name, or for a dataset its type in capitals.
        :param parent: The parent, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.find(kind, arn_tail, **parent)

    def newest_active(self, kind: Kind, **parent: str) -> str | None:
        """
        Find the ARN of the newest resource that is ready; return None if there is none.

        :param kind: Kind of the resource.
        :param parent: The parent, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.newest_active(kind, **parent)

    def summaries(self, kind: Kind, **parent: str) -> Iterator[dict[str, Any]]:
        """
        List the resources of a kind, page after page.

        :param kind: Kind of the resources.
        :param parent: The parent, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.summaries(kind, **parent)


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


class PersonalizeRuntimeHook(PersonalizeBaseHook):
    """
    Interact with Amazon Personalize Runtime.

    Provide thin wrapper around
    :external+boto3:py:class:`boto3.client("personalize-runtime") <PersonalizeRuntime.Client>`.

    Additional arguments (such as ``aws_conn_id``) may be specified and
    are passed down to the underlying AwsBaseHook.

    .. seealso::
        - :class:`airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "personalize-runtime"
        super().__init__(*args, **kwargs)


def log_failed_call(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """
    Log the operation, the error code and the request id of a call that failed.

    :param http_response: HTTP response.
    :param parsed: The response as botocore parsed it.
    :param model: botocore's model of the operation.
    """
    if http_response.status_code < 300:
        return
    code = parsed.get("Error", {}).get("Code")
    level = logging.INFO if code in _EXPECTED else logging.WARNING
    log.log(level, "%s failed: %s, request id %s", model.name, code, request_id(parsed))


def request_id(response: dict[str, Any]) -> str | None:
    """
    Get the id of a call, which AWS support asks for.

    :param response: The parsed response.
    """
    value: str | None = response.get("ResponseMetadata", {}).get("RequestId")
    return value


@contextmanager
def service_errors(attempt: str) -> Iterator[None]:
    """
    Turn the error of a failed call into an exception of this package.

    It is a PersonalizeRetryableError if the call may succeed later, else a PersonalizeFinalError.

    :param attempt: Purpose of the calls, such as ``Creating campaign shop``.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(attempt, error) from error
    except ParamValidationError as error:
        raise PersonalizeFinalError(
            f"{attempt}: {error}. Fix the arguments of this task, then clear it."
        ) from error
    except LOST as error:
        raise PersonalizeRetryableError(
            f"{attempt}: no response, {error}. A retry checks the result and continues."
        ) from error


def _refused(attempt: str, error: ClientError) -> PersonalizeError:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    refused = f"{attempt}: {error} (request id {request_id(error.response)})."
    if passes(code, status) or code in _IN_THE_WAY:
        return PersonalizeRetryableError(f"{refused} It may pass: a retry continues from here.")
    return PersonalizeFinalError(f"{refused} Fix what the response names, then clear this task.")


def wait_failed(
    kind: Kind, arn: str, answer: object, *, is_final: bool, outcome: Outcome = "active"
) -> PersonalizeError:
    """
    Build the exception for a wait that did not succeed.

    :param kind: Kind of the resource.
    :param arn: ARN of the resource.
    :param answer: Result of the last poll, or its error.
    :param is_final: If True, the outcome is no longer possible, so that a retry does not help.
    :param outcome: The outcome of the wait.
    """
    waited = f"Waiting for {kind.title} {arn} {_IN_WORDS[outcome]}: {str(answer).rstrip('.')}."
    if is_final:
        return PersonalizeResourceFailedError(f"{waited} Fix what the reason names, then clear this task.")
    return PersonalizeRetryableError(
        f"{waited} It may still be in progress: a retry finds it and continues to wait."
    )


@cache
def _waiters() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WAITERS.read_text())
    return model
