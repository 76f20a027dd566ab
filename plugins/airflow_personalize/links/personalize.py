"""The link from a task to its resource: in the AWS console, or on the pages of the service in its place."""

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
    """The page of the resource of a task."""

    name: ClassVar[str] = "Amazon Personalize"
    key: ClassVar[str] = "personalize_resource"
    format_str: ClassVar[str] = _CONSOLE

    def format_link(self, **conf: Any) -> str:
        """
        The address: a service that is not Amazon's has pages of its own at its endpoint.

        :param conf: What `persist_resource` stored.
        """
        if endpoint_url := conf.get("endpoint_url"):
            return f"{endpoint_url.rstrip('/')}/{conf['page']}"
        link: str = super().format_link(**conf)
        return link

    @classmethod
    def persist_resource(cls, context: Context, operator: PersonalizeBaseOperator, arn: str) -> None:
        """
        Store what the link of a task needs.

        :param context: The task's context.
        :param operator: The task's operator.
        :param arn: ARN of the resource that it made, or looks after.
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
    """Where the engine shows a resource."""
    name = operator.resource.name
    folder = "solution-versions" if operator.resource == SOLUTION_VERSION else "resources"
    return f"{'jobs' if name.endswith('_job') else folder}/{quote(arn, safe=':/')}"


def _place(operator: PersonalizeBaseOperator, arn: str) -> str:
    """Where the console shows it: on the page of its solution or of its dataset group, if the task knows that."""
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
    """The console writes `dataset-group$name` where the ARN has a slash."""
    return arn.replace("/", "$")
