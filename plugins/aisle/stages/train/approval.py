"""Approval by a person before a model goes live."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowSkipException

from aisle.dag.xcom import from_xcom
from aisle.evaluation.decisions import VersionDecision
from aisle.models import registry
from aisle.settings import get_settings

if TYPE_CHECKING:
    from airflow.sdk import Context


class ApprovePromotionOperator(ApprovalOperator):
    """
    Ask a person whether a version that has passed the gate may go live. Skipped if the settings ask for no approval.

    A version that is rejected here, or left unanswered for too long, is stored as rejected, and its promotion skipped.

    :param decision: What the task `decide` returned for the version. (templated)
    """

    template_fields: Collection[str] = ("subject", "body", "decision")

    def __init__(self, *, decision: Any, **kwargs: Any) -> None:
        hours = get_settings().evaluate.approval_hours
        super().__init__(response_timeout=timedelta(hours=hours), defaults=self.REJECT, **kwargs)
        self.decision = decision

    def execute(self, context: Context) -> Any:
        decided = from_xcom(self.decision, VersionDecision)
        if not decided.passed:
            raise AirflowSkipException(f"There is nothing to approve: {decided.reason}")
        if not get_settings().evaluate.approval:
            raise AirflowSkipException("Nobody needs to approve: AISLE_EVALUATE__APPROVAL is false")
        registry.await_approval(decided.arn, decided.reason)
        self.body = question_of(decided)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        if self.REJECT in event.get("chosen_options", ()):  # first: Airflow leaves by an exception that skips the rest
            decided, by = from_xcom(self.decision, VersionDecision), who_answered(event)
            registry.reject(decided.arn, by, f"rejected by {by}; {decided.reason}")
        return super().execute_complete(context, event)


def question_of(decision: VersionDecision) -> str:
    """Return the question to the approver in Markdown: what passed the gate and why, and what each answer does."""
    hours = get_settings().evaluate.approval_hours
    parts = (
        f"It has passed the gate: {decision.reason}.",
        decision.table,
        "**Approve**: it goes live, and the next `recommend` asks it. **Reject**: what is live stays live. "
        f"Without an answer within {hours} hours it is rejected.",
        f"`{decision.arn}`",
    )
    return "\n\n".join(part for part in parts if part)


def who_answered(answer: dict[str, Any]) -> str:
    """Return the login of whoever answered; "the clock" if nobody did in time."""
    user = answer.get("responded_by_user")
    return str(user["name"] or user["id"]) if user else "the clock"
