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
"""Base of the hooks of Amazon Personalize: failed calls, in the log and as exceptions of a task."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from asgiref.sync import sync_to_async
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from airflow_personalize.exceptions import PersonalizeError, PersonalizeFinalError, PersonalizeRetryableError
from airflow_personalize.hooks.shared_client import SharedClient, shared_client
from personalize_kinds.codes import ALREADY_EXISTS, IN_USE, NOT_FOUND, QUOTA_REACHED, passes
from personalize_kinds.responses import check_responses

log = logging.getLogger(__name__)

#: Makes the digests of :meth:`PersonalizeBaseHook._client_key` useless outside this process.
_PROCESS_KEY = secrets.token_bytes(32)

#: Errors of a call without a readable response: whether it took effect is unknown.
LOST = (BotoCoreError, ResponseParserError)

#: Errors that find-or-create and delete provoke on purpose.
_EXPECTED = (ALREADY_EXISTS, NOT_FOUND)

#: Errors that pass when something else has ended, such as the jobs that a quota counts, or is gone.
_IN_THE_WAY = (IN_USE, QUOTA_REACHED)


class PersonalizeBaseHook(AwsBaseHook):
    """Base of the hooks: logs every failed call with its request id, which AWS support asks for first."""

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """
        Get the session. Its clients, sync and async, check every response and log every failed call.

        :param region_name: AWS region of the session.
        :param deferrable: If True, get an aiobotocore session for async clients.
        """
        session = super().get_session(region_name=region_name, deferrable=deferrable)
        events = session.get_component("event_emitter") if deferrable else session.events
        check_responses(events, self.client_type)
        events.register(f"after-call.{self.client_type}", log_failed_call)
        return session

    async def get_async_conn(self) -> SharedClient:
        """Get the async client, to be entered; hooks that are configured alike share one per event loop."""
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
    Get the id under which the service knows a call.

    :param response: The parsed response.
    """
    value: str | None = response.get("ResponseMetadata", {}).get("RequestId")
    return value


@contextmanager
def service_errors(attempt: str) -> Iterator[None]:
    """
    Turn the error of a failed call into an exception of this package.

    It is a PersonalizeRetryableError if the call may succeed later, else a PersonalizeFinalError.

    :param attempt: What the calls are for, such as ``Creating campaign shop``.
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
            f"{attempt}: no response, {error}. A retry checks what became of it and continues."
        ) from error


def _refused(attempt: str, error: ClientError) -> PersonalizeError:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    refused = f"{attempt}: {error} (request id {request_id(error.response)})."
    if passes(code, status) or code in _IN_THE_WAY:
        return PersonalizeRetryableError(f"{refused} It may pass: a retry continues from here.")
    return PersonalizeFinalError(f"{refused} Fix what the response names, then clear this task.")
