"""Operators of Amazon Personalize that move data instead of resources: metrics out, events in."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.operators.base_aws import AwsBaseOperator
from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from airflow_personalize.hooks.base_personalize import service_errors
from airflow_personalize.hooks.personalize import PersonalizeHook
from airflow_personalize.hooks.personalize_events import PersonalizeEventsHook
from airflow_personalize.links.personalize import PersonalizeLink
from personalize_kinds.kinds import SOLUTION_VERSION

if TYPE_CHECKING:
    from airflow.sdk import Context


class PersonalizeGetSolutionMetricsOperator(AwsBaseOperator[PersonalizeHook]):
    """
    Get the offline metrics of a trained solution version; returns them by name.

    :param arn: ARN of the solution version. (templated)

    AWS connection parameters: see `AwsBaseOperator`.
    """

    aws_hook_class = PersonalizeHook
    resource = SOLUTION_VERSION
    operator_extra_links = (PersonalizeLink(),)
    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    def execute(self, context: Context) -> dict[str, float]:
        with service_errors(f"Getting the metrics of solution version {self.arn}"):
            metrics: dict[str, float] = self.hook.conn.get_solution_metrics(solutionVersionArn=self.arn)["metrics"]
            PersonalizeLink.persist_resource(context, self, self.arn)
        self.log.info("Metrics of solution version %s: %s", self.arn, metrics)
        return metrics


class PersonalizePutEventsOperator(AwsBaseOperator[PersonalizeEventsHook]):
    """
    Record events, ten of a user's session in a call; returns their number.

    A retry sends all of them again. Give each event an `eventId`: the service learns from each id once.

    :param tracking_id: Tracking id of the event tracker. (templated)
    :param events: Events as PutEvents takes them, each with the `sessionId` and, if known, the `userId` of whom it is
        of. (templated)

    AWS connection parameters: see `AwsBaseOperator`.
    """

    aws_hook_class = PersonalizeEventsHook
    template_fields: Sequence[str] = aws_template_fields("tracking_id", "events")
    template_fields_renderers: ClassVar[dict[str, str]] = {"events": "json"}

    def __init__(self, *, tracking_id: str, events: list[dict[str, Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tracking_id = tracking_id
        self.events = events

    def execute(self, context: Context) -> int:
        with service_errors(f"Recording {len(self.events)} events of tracker {self.tracking_id}"):
            n_calls = self.hook.put_events(self.tracking_id, self.events)
        self.log.info("Recorded %d events in %d calls", len(self.events), n_calls)
        return len(self.events)
