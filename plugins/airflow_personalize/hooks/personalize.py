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
"""The hook of Amazon Personalize."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from airflow.providers.amazon.aws.waiters.base_waiter import BaseBotoWaiter

from airflow_personalize.exceptions import (
    PersonalizeError,
    PersonalizeResourceFailedError,
    PersonalizeRetryableError,
)
from airflow_personalize.hooks.base_personalize import PersonalizeBaseHook
from personalize_kinds.gateway import Gateway
from personalize_kinds.kinds import Kind
from personalize_kinds.polls import Poll
from personalize_kinds.statuses import Outcome

#: Written from the status table: `python -m personalize_kinds.waiters`.
WAITERS = Path(__file__).parents[1] / "waiters" / "personalize.json"

_IN_WORDS = {
    "active": "to become ACTIVE",
    "updated": "to take its update",
    "stopped": "to be stopped",
    "deleted": "to be gone",
}


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

    def get_waiter(
        self,
        waiter_name: str,
        parameters: dict[str, str] | None = None,
        config_overrides: dict[str, Any] | None = None,
        deferrable: bool = False,
        client: Any = None,
    ) -> Any:
        """
        Get a waiter of the waiter file.

        The file is parsed once per process: the base class takes 7 ms of CPU for it in every task.

        :param waiter_name: Name of the waiter.
        :param parameters: Not used by these waiters.
        :param config_overrides: Not used by these waiters.
        :param deferrable: If True, get an async waiter; `client` has to be async too.
        :param client: Client that polls.
        """
        waiters = BaseBotoWaiter(client=client or self.conn, model_config=_waiters(), deferrable=deferrable)
        return waiters.waiter(waiter_name)

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
        Look whether an outcome has come about.

        :param kind: Kind of the resource.
        :param arn: ARN of the resource.
        :param outcome: The outcome that is waited for.
        """
        return self.gateway.poll(kind, arn, outcome)

    def find(self, kind: Kind, arn_tail: str, **parent: str) -> str | None:
        """
        Find the ARN of a resource by its name; None if there is no such resource.

        :param kind: Kind of the resource.
        :param arn_tail: What the ARN ends with: the name, or for a dataset its type in capitals.
        :param parent: What to look under, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.find(kind, arn_tail, **parent)

    def newest_active(self, kind: Kind, **parent: str) -> str | None:
        """
        Find the ARN of the resource that was created last among those that are ready; None if there is none.

        :param kind: Kind of the resource.
        :param parent: What to look under, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.newest_active(kind, **parent)

    def summaries(self, kind: Kind, **parent: str) -> Iterator[dict[str, Any]]:
        """
        List the resources of a kind, page after page.

        :param kind: Kind of the resources.
        :param parent: What to look under, as the list operation takes it, such as `solutionArn`.
        """
        return self.gateway.summaries(kind, **parent)


def wait_failed(
    kind: Kind, arn: str, answer: object, *, is_final: bool, outcome: Outcome = "active"
) -> PersonalizeError:
    """
    Build the exception for a wait that did not succeed.

    :param kind: Kind of the resource.
    :param arn: ARN of the resource.
    :param answer: What the last poll returned, or the error it ended in.
    :param is_final: If True, the outcome can no longer come about, so that a retry does not help.
    :param outcome: The outcome that was waited for.
    """
    waited = f"Waiting for {kind.title} {arn} {_IN_WORDS[outcome]}: {answer}."
    if is_final:
        return PersonalizeResourceFailedError(f"{waited} Fix what the reason names, then clear this task.")
    return PersonalizeRetryableError(
        f"{waited} It may still be in progress: a retry finds it and continues to wait."
    )


@cache
def _waiters() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(WAITERS.read_text())
    return model
