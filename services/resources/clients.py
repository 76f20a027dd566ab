"""Whom the commands ask: the running stack, or the AWS of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from aisle.errors import ConfigurationError, FinalError, RetryableError
from aisle.resources.live import Service
from aisle.settings import get_settings
from personalize_kinds.codes import passes
from services.stack.blueprint import REGION
from services.stack.running import NoStack, RunningStack, running_stack

#: The stack's engine answers at once; looking at it rarely would only make people wait.
_STACK_POLL_SECONDS = 2


def service(*, aws: bool) -> Service:
    """The service to plan against. Raises ConfigurationError if there is nothing to ask."""
    client, is_local = _client("personalize", aws=aws)
    return Service(client, _STACK_POLL_SECONDS if is_local else get_settings().personalize.poll_seconds)


def storage(*, aws: bool) -> Any:
    """The client of S3 beside that service."""
    return _client("s3", aws=aws)[0]


class NobodyToAsk(ConfigurationError):
    """No stack runs here, and the environment names no AWS."""


@contextmanager
def told_plainly() -> Iterator[None]:
    """Errors of boto3 in the block become ours. Raises RetryableError, ConfigurationError, FinalError."""
    try:
        yield
    except NoCredentialsError as error:
        raise ConfigurationError(f"Asking the service: {error}. Set AWS_PROFILE or the usual variables.") from error
    except BotoCoreError as error:
        raise RetryableError(f"Asking the service: {error}. Look whether it is up and can be reached.") from error
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        if passes(code, status):
            raise RetryableError(f"Asking the service: {error}. It may pass: try again in a moment.") from error
        raise FinalError(
            f"Asking the service: {error}. Check that these credentials are allowed to do that."
        ) from error


def _client(name: str, *, aws: bool) -> tuple[Any, bool]:
    """A boto3 client, and whether it is of the stack. Without a running stack it is of the environment's AWS."""
    stack = None if aws else _stack()
    endpoint = _endpoint(name, stack) if stack else None
    if stack and endpoint:
        return boto3.client(name, endpoint_url=endpoint, **_keys(stack)), True
    try:
        client = boto3.client(name)
        if boto3.Session().get_credentials() is None:
            raise NoCredentialsError
    except (BotoCoreError, ValueError) as error:
        raise NobodyToAsk(
            f"looking for {name}: no stack runs here, and the AWS environment cannot be used: "
            f"{str(error).rstrip('.')}; start a stack with `make up`, or set AWS_PROFILE, AWS_REGION or "
            "AWS_ENDPOINT_URL_PERSONALIZE"
        ) from error
    return client, False


def _keys(stack: RunningStack) -> dict[str, str]:
    return {
        "aws_access_key_id": stack.secrets.aws_access_key,
        "aws_secret_access_key": stack.secrets.aws_secret_key,
        "region_name": REGION,
    }


def _endpoint(name: str, stack: RunningStack) -> str | None:
    """Where the stack has the service; None for Amazon's own."""
    return (stack.addresses.personalize_endpoint if name == "personalize" else stack.addresses.s3_endpoint) or None


def _stack() -> RunningStack | None:
    """The stack that is meant. Raises NoStack where another runs, or several: asking AWS instead would surprise."""
    try:
        return running_stack()
    except NoStack as error:
        if error.running:
            raise
        return None
