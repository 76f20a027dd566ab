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
"""The link from a task to its resource: in the AWS console, or on the pages of another endpoint."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from airflow.providers.amazon.aws.links.base_aws import BaseAwsLink

from airflow_personalize.hooks.personalize import PersonalizeHook
from personalize_kinds.kinds import DATASET, DATASET_GROUP, SOLUTION, SOLUTION_VERSION

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_personalize.operators.personalize import PersonalizeBaseOperator

_CONSOLE = "https://{region_name}.console.{aws_domain}/personalize/home?region={region_name}#{place}"


class PersonalizeLink(BaseAwsLink):
    """Link from a task to its resource in the AWS console."""

    name: ClassVar[str] = "Amazon Personalize"
    key: ClassVar[str] = "personalize_resource"
    format_str: ClassVar[str] = _CONSOLE

    def format_link(self, **conf: Any) -> str:
        """
        Build the address: the AWS console, or the pages of the connection's endpoint.

        :param conf: What `persist_resource` stored.
        """
        if endpoint_url := conf.get("endpoint_url"):
            return f"{endpoint_url.rstrip('/')}/{conf['page']}"
        link: str = super().format_link(**conf)
        return link

    @classmethod
    def persist_resource(cls, context: Context, operator: PersonalizeBaseOperator, arn: str) -> None:
        """
        Store the data for the link of a task.

        :param context: The task's context.
        :param operator: The task's operator.
        :param arn: ARN of the task's resource.
        """
        hook: PersonalizeHook = operator.hook
        cls.persist(
            context=context,
            operator=operator,
            region_name=hook.conn_region_name,
            aws_partition=hook.conn_partition,
            endpoint_url=hook.conn_config.get_service_endpoint_url(service_name="personalize"),
            page=_page(operator, arn),
            place=_place(operator, arn),
        )


def _page(operator: PersonalizeBaseOperator, arn: str) -> str:
    """Locate the resource on the pages of an endpoint that is not Amazon's."""
    name = operator.resource.name
    folder = "solution-versions" if operator.resource == SOLUTION_VERSION else "resources"
    return f"{'jobs' if name.endswith('_job') else folder}/{quote(arn, safe=':/')}"


def _place(operator: PersonalizeBaseOperator, arn: str) -> str:
    """Locate the resource in the console: on the page of its solution, or of its dataset group if known."""
    group_arn = _group_arn(operator, arn)
    if group_arn is None:
        return "datasetGroups"
    if operator.resource == SOLUTION:
        return f"{_with_dollar(group_arn)}/solutionsAndRecipes/solutionDetail/{_with_dollar(arn)}"
    return f"{_with_dollar(group_arn)}/setup"


def _group_arn(operator: PersonalizeBaseOperator, arn: str) -> str | None:
    if operator.resource == DATASET_GROUP:
        return arn
    if operator.resource == DATASET:
        account, _, tail = arn.rpartition(":dataset/")
        return f"{account}:dataset-group/{tail.partition('/')[0]}"
    return getattr(operator, "dataset_group_arn", None)


def _with_dollar(arn: str) -> str:
    """Write an ARN as the console does: `dataset-group$name` where it has a slash."""
    return arn.replace("/", "$")
