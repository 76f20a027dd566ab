"""What the hooks of Amazon Personalize share: request ids in the log, and one reading of what a failed call means."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.utils.waiter_with_logging import RETRIABLE_ERROR_CODES
from asgiref.sync import sync_to_async
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from airflow_personalize.answers import judge_answers
from airflow_personalize.hooks.shared_client import SharedClient, shared_client
from aisle.errors import AisleError, FinalError, RetryableError

log = logging.getLogger(__name__)

#: A call that got no answer that can be read. Whether it took effect is not known.
LOST = (BotoCoreError, ResponseParserError)

#: Codes of errors that pass by themselves; of an answer without a code botocore takes the status for one.
PASSING = RETRIABLE_ERROR_CODES | {"500", "502", "503", "504"}

#: What find-or-create and delete ask for on purpose.
_ANSWERS = ("ResourceAlreadyExistsException", "ResourceNotFoundException")


class PersonalizeBaseHook(AwsBaseHook):
    """Base of the hooks: logs each call that fails with its request id, which AWS support asks for first."""

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """
        The session; every client of it, in place or async, logs its failures.

        :param region_name: AWS region.
        :param deferrable: Whether the session is for an async client.
        """
        session = super().get_session(region_name=region_name, deferrable=deferrable)
        events = session.get_component("event_emitter") if deferrable else session.events
        judge_answers(events, self.client_type)
        events.register(f"after-call.{self.client_type}", log_failed_call)
        return session

    async def get_async_conn(self) -> SharedClient:
        """The async client, to be entered; all hooks that are set up alike share one in an event loop."""
        return shared_client(await sync_to_async(self._set_up)(), super().get_async_conn)

    def _set_up(self) -> tuple[str, ...]:
        """All that tells this hook's client from another's. A connection that was edited makes a new client."""
        conn = self.conn_config
        told = (conn.login, conn.password, conn.extra_config, self.region_name, self.verify, vars(self.config))
        return tuple(map(repr, (self.client_type, *told)))


def log_failed_call(http_response: Any, parsed: dict[str, Any], model: Any, **_: Any) -> None:
    """
    Log the operation, the error code and the request id of a call that failed.

    :param http_response: The HTTP answer.
    :param parsed: The same, parsed by botocore.
    :param model: botocore's model of the operation.
    """
    if http_response.status_code < 300:
        return
    code = parsed.get("Error", {}).get("Code")
    level = logging.INFO if code in _ANSWERS else logging.WARNING
    log.log(level, "%s failed: %s, request id %s", model.name, code, request_id(parsed))


def request_id(answer: dict[str, Any]) -> str | None:
    """
    The id under which the service knows a call.

    :param answer: The parsed answer.
    """
    found: str | None = answer.get("ResponseMetadata", {}).get("RequestId")
    return found


@contextmanager
def service_errors(aim: str) -> Iterator[None]:
    """
    Raise failed calls as RetryableError if they may pass, as FinalError if they will not.

    :param aim: What is tried on which thing, such as `Creating campaign shop`.
    """
    try:
        yield
    except ClientError as error:
        raise _refused(aim, error) from error
    except ParamValidationError as error:
        raise FinalError(f"{aim}: {error}. Mend the arguments of this task, then clear it.") from error
    except LOST as error:
        raise RetryableError(f"{aim}: no answer, {error}. A retry looks what became of it and goes on.") from error


def _refused(aim: str, error: ClientError) -> AisleError:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    tried = f"{aim}: {error} (request id {request_id(error.response)})."
    if code in PASSING or code == "ResourceInUseException" or status >= 500:
        return RetryableError(f"{tried} It may pass: a retry goes on from here.")
    return FinalError(f"{tried} Mend what the answer names, then clear this task.")
