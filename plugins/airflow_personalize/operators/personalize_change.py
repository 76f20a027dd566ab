"""
Operators that change or end what exists: update, delete, stop. They take the ARN of their resource.

Each looks first: an update that would change nothing, the deletion of what is gone and the stop of a training that
has ended are skipped and say so. So a retry whose first try had done its work, or half of it, goes on from there.
"""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.amazon.aws.utils.mixins import aws_template_fields

from airflow_personalize.exceptions import PersonalizeFinalError, PersonalizeRetryableError
from airflow_personalize.operators.base_personalize import PersonalizeBaseOperator, PersonalizeWaitingOperator
from airflow_personalize.triggers.personalize import (
    PersonalizeCampaignDeletedTrigger,
    PersonalizeCampaignUpdatedTrigger,
    PersonalizeDatasetDeletedTrigger,
    PersonalizeDatasetGroupDeletedTrigger,
    PersonalizeDatasetUpdatedTrigger,
    PersonalizeEventTrackerDeletedTrigger,
    PersonalizeFilterDeletedTrigger,
    PersonalizeMetricAttributionActiveTrigger,
    PersonalizeMetricAttributionDeletedTrigger,
    PersonalizeSolutionDeletedTrigger,
    PersonalizeSolutionUpdatedTrigger,
    PersonalizeSolutionVersionStoppedTrigger,
)
from personalize_kinds.arns import LATEST
from personalize_kinds.kinds import (
    CAMPAIGN,
    DATASET,
    DATASET_GROUP,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    SCHEMA,
    SOLUTION,
    SOLUTION_VERSION,
)
from personalize_kinds.statuses import CREATE_STOPPED, CREATE_STOPPING, DELETING, progress

if TYPE_CHECKING:
    from airflow.sdk import Context
    from botocore.exceptions import ClientError


class PersonalizeUpdateOperator(PersonalizeWaitingOperator):
    """
    Base of the operators that update a resource and wait until the update is in force; returns its ARN.

    A subclass says in `request` what is asked for, by the members of the update operation, and in `latest` which
    member of the description tells of the latest update, unless an update is in force as soon as it is accepted.

    :param arn: ARN of the resource. (templated)
    """

    latest: ClassVar[str | None] = None

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    def request(self) -> dict[str, Any]:
        """What the update operation takes, but for the ARN. What is None is left as it is."""
        raise NotImplementedError

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """
        What of the request is not so yet.

        :param present: what the resource is like, or will be after its latest update.
        """
        return {
            member: value
            for member, value in self.request().items()
            if value is not None and not _is_within(value, present.get(member))
        }

    @property
    def aim(self) -> str:
        return f"Updating {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        description = self.hook.describe(self.resource, self.arn)
        if self._is_on_its_way(description):
            self.log.info("This update of %s %s is on its way already", self.resource.title, self.arn)
            return True
        changes = self.changes(description)
        if not changes:
            self.log.info("%s %s is like this already: nothing to update", self.resource.title, self.arn)
            return False
        self._update(changes)
        self.log.info("Updating %s of %s %s", ", ".join(changes), self.resource.title, self.arn)
        return True

    def _update(self, changes: dict[str, Any]) -> None:
        client = self.hook.conn
        try:
            getattr(client, f"update_{self.resource.name}")(**{self.resource.arn_member: self.arn}, **changes)
        except client.exceptions.ClientError:
            # The client repeats a call whose answer was lost: what refuses the update may be this very update.
            description = self.hook.describe(self.resource, self.arn)
            if self.changes(description) and not self._is_on_its_way(description):
                raise

    def _is_on_its_way(self, description: dict[str, Any]) -> bool:
        """Whether a first try of this task, or somebody else, has asked for the same and it is not in force yet."""
        latest = description.get(self.latest) if self.latest else None
        if not latest or progress(latest.get("status", "")) != "retry":
            return False
        return not self.changes(description | latest)


class PersonalizeUpdateCampaignOperator(PersonalizeUpdateOperator):
    """
    Let a campaign serve another model, capacity or configuration; returns its ARN. It serves the old one meanwhile.

    :param arn: ARN of the campaign. (templated)
    :param solution_version_arn: ARN of the model, or `<solution ARN>/$LATEST`. (templated)
    :param min_provisioned_tps: Requests per second that are paid for at least.
    :param campaign_config: Members of the `campaignConfig` to set. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = CAMPAIGN
    latest = "latestCampaignUpdate"
    trigger_class = PersonalizeCampaignUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "solution_version_arn", "campaign_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"campaign_config": "json"}

    def __init__(
        self,
        *,
        solution_version_arn: str | None = None,
        min_provisioned_tps: int | None = None,
        campaign_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.solution_version_arn = solution_version_arn
        self.min_provisioned_tps = min_provisioned_tps
        self.campaign_config = campaign_config

    def request(self) -> dict[str, Any]:
        return {
            "solutionVersionArn": self.solution_version_arn,
            "minProvisionedTPS": self.min_provisioned_tps,
            "campaignConfig": self.campaign_config,
        }

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """A campaign that follows `$LATEST` shows the version it serves, and follows on without being told."""
        changes = super().changes(present)
        follows = present.get("campaignConfig", {}).get("syncWithLatestSolutionVersion", False)
        asked = self.solution_version_arn or ""
        serves = present.get("solutionVersionArn", "")
        if follows and set(changes) == {"solutionVersionArn"} and asked.endswith(LATEST):
            return {} if serves.startswith(asked.removesuffix("$LATEST")) else changes
        return changes


class PersonalizeUpdateDatasetOperator(PersonalizeUpdateOperator):
    """
    Give an items or users dataset another schema, which must keep every column; returns its ARN.

    :param arn: ARN of the dataset. (templated)
    :param schema_arn: ARN of the schema. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET
    latest = "latestDatasetUpdate"
    trigger_class = PersonalizeDatasetUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "schema_arn")

    def __init__(self, *, schema_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schema_arn = schema_arn

    def request(self) -> dict[str, Any]:
        return {"schemaArn": self.schema_arn}


class PersonalizeUpdateSolutionOperator(PersonalizeUpdateOperator):
    """
    Change what of a solution can be changed: its automatic training and its weights of events; returns its ARN.

    :param arn: ARN of the solution. (templated)
    :param perform_auto_training: Whether the service trains and bills new versions by its own clock.
    :param perform_incremental_update: Whether the service adds new items to the model between trainings.
    :param solution_update_config: `autoTrainingConfig` and `eventsConfig`. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION
    latest = "latestSolutionUpdate"
    trigger_class = PersonalizeSolutionUpdatedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn", "solution_update_config")
    template_fields_renderers: ClassVar[dict[str, str]] = {"solution_update_config": "json"}

    def __init__(
        self,
        *,
        perform_auto_training: bool | None = None,
        perform_incremental_update: bool | None = None,
        solution_update_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.perform_auto_training = perform_auto_training
        self.perform_incremental_update = perform_incremental_update
        self.solution_update_config = solution_update_config

    def request(self) -> dict[str, Any]:
        return {
            "performAutoTraining": self.perform_auto_training,
            "performIncrementalUpdate": self.perform_incremental_update,
            "solutionUpdateConfig": self.solution_update_config,
        }

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """What an update calls its config is a part of the solution's."""
        config = present.get("solutionConfig", {}) | present.get("solutionUpdateConfig", {})
        return super().changes(present | {"solutionUpdateConfig": config})


class PersonalizeUpdateMetricAttributionOperator(PersonalizeUpdateOperator):
    """
    Change the metrics of a metric attribution, or where its reports go; returns its ARN.

    A metric to add that is there under this name, but counts otherwise, is replaced.

    :param arn: ARN of the metric attribution. (templated)
    :param add_metrics: Metrics to add, each `{"eventType", "metricName", "expression"}`. (templated)
    :param remove_metrics: Names of metrics to remove. (templated)
    :param metrics_output_config: The role of the reports, and where they go. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionActiveTrigger
    template_fields: Sequence[str] = aws_template_fields(
        "arn", "add_metrics", "remove_metrics", "metrics_output_config"
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"add_metrics": "json", "metrics_output_config": "json"}

    def __init__(
        self,
        *,
        add_metrics: list[dict[str, str]] | None = None,
        remove_metrics: list[str] | None = None,
        metrics_output_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.add_metrics = add_metrics or []
        self.remove_metrics = remove_metrics or []
        self.metrics_output_config = metrics_output_config

    def request(self) -> dict[str, Any]:
        return {"metricsOutputConfig": self.metrics_output_config}

    def changes(self, present: dict[str, Any]) -> dict[str, Any]:
        """The description leaves the metrics out; an operation of their own lists them."""
        held = {each["metricName"]: each for each in self._metrics()}
        added = [each for each in self.add_metrics if held.get(each["metricName"]) != each]
        outdated = [each["metricName"] for each in added if each["metricName"] in held]
        removed = [name for name in self.remove_metrics if name in held and name not in outdated] + outdated
        lists = {"addMetrics": added, "removeMetrics": removed}
        return super().changes(present) | {member: listed for member, listed in lists.items() if listed}

    def _metrics(self) -> list[dict[str, str]]:
        pages = self.hook.conn.get_paginator("list_metric_attribution_metrics").paginate(metricAttributionArn=self.arn)
        return [metric for page in pages for metric in page["metrics"]]


class PersonalizeDeletion(PersonalizeBaseOperator):
    """
    What the delete operators share: what is gone already is well; what is in use is a clear error.

    :param arn: ARN of the resource. (templated)
    """

    #: Whether only somebody's deletion of another resource ends the use, so that trying again does not help.
    in_use_for_good: ClassVar[bool] = False

    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @property
    def aim(self) -> str:
        return f"Deleting {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        client = self.hook.conn
        try:
            getattr(client, f"delete_{self.resource.name}")(**{self.resource.arn_member: self.arn})
        except client.exceptions.ResourceNotFoundException:
            self.log.info("%s %s is gone already", self.resource.title, self.arn)
            return False
        except client.exceptions.ResourceInUseException as error:
            self._go_on_if_on_its_way(error)
        self.log.info("Deleting %s %s", self.resource.title, self.arn)
        return True

    def _go_on_if_on_its_way(self, error: ClientError) -> None:
        try:
            status = self.hook.describe(self.resource, self.arn).get("status", "")
        except self.hook.conn.exceptions.ResourceNotFoundException:
            return
        if status in DELETING:
            return
        if self.in_use_for_good:
            raise PersonalizeFinalError(
                f"{self.aim}: {error}. Delete what uses it first, then clear this task."
            ) from error
        raise PersonalizeRetryableError(
            f"{self.aim}: {error}. It is {status}. A retry succeeds when what uses it has ended or is deleted."
        ) from error


class PersonalizeDeleteOperator(PersonalizeDeletion, PersonalizeWaitingOperator):
    """Base of the operators that delete a resource and wait until it is gone."""


class PersonalizeDeleteSchemaOperator(PersonalizeDeletion):
    """
    Delete a schema that no dataset uses; returns its ARN. It is gone at once.

    :param arn: ARN of the schema. (templated)

    AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SCHEMA
    in_use_for_good = True


class PersonalizeDeleteDatasetGroupOperator(PersonalizeDeleteOperator):
    """
    Delete a dataset group that holds nothing any more; returns its ARN.

    :param arn: ARN of the dataset group. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET_GROUP
    in_use_for_good = True
    trigger_class = PersonalizeDatasetGroupDeletedTrigger


class PersonalizeDeleteDatasetOperator(PersonalizeDeleteOperator):
    """
    Delete a dataset and what was imported into it; returns its ARN.

    :param arn: ARN of the dataset. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = DATASET
    trigger_class = PersonalizeDatasetDeletedTrigger


class PersonalizeDeleteSolutionOperator(PersonalizeDeleteOperator):
    """
    Delete a solution that no campaign serves, with all its versions; returns its ARN.

    :param arn: ARN of the solution. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION
    trigger_class = PersonalizeSolutionDeletedTrigger


class PersonalizeDeleteCampaignOperator(PersonalizeDeleteOperator):
    """
    Delete a campaign, which ends its costs; returns its ARN. The model stays.

    :param arn: ARN of the campaign. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = CAMPAIGN
    trigger_class = PersonalizeCampaignDeletedTrigger


class PersonalizeDeleteEventTrackerOperator(PersonalizeDeleteOperator):
    """
    Delete an event tracker; returns its ARN. Its events stay.

    :param arn: ARN of the event tracker. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = EVENT_TRACKER
    trigger_class = PersonalizeEventTrackerDeletedTrigger


class PersonalizeDeleteFilterOperator(PersonalizeDeleteOperator):
    """
    Delete a filter; returns its ARN.

    :param arn: ARN of the filter. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = FILTER
    trigger_class = PersonalizeFilterDeletedTrigger


class PersonalizeDeleteMetricAttributionOperator(PersonalizeDeleteOperator):
    """
    Delete a metric attribution; returns its ARN.

    :param arn: ARN of the metric attribution. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = METRIC_ATTRIBUTION
    trigger_class = PersonalizeMetricAttributionDeletedTrigger


class PersonalizeStopSolutionVersionCreationOperator(PersonalizeWaitingOperator):
    """
    Stop a training and wait until it has stopped; returns its ARN. What was trained until then is billed.

    :param arn: ARN of the solution version. (templated)

    Waiting: see `PersonalizeWaitingOperator`. AWS connection parameters: see `AwsBaseOperator`.
    """

    resource = SOLUTION_VERSION
    trigger_class = PersonalizeSolutionVersionStoppedTrigger
    template_fields: Sequence[str] = aws_template_fields("arn")

    def __init__(self, *, arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.arn = arn

    @property
    def aim(self) -> str:
        return f"Stopping the training of {self.resource.title} {self.arn}"

    def act(self, context: Context) -> bool:
        look = self.hook.poll(self.resource, self.arn, "stopped")
        if look.state != "retry":
            self.log.info("%s %s is %s: nothing to stop", self.resource.title, self.arn, look)
            return False
        if look.status != CREATE_STOPPING:
            self._stop()
            self.log.info("Stopping %s %s", self.resource.title, self.arn)
        return True

    def _stop(self) -> None:
        try:
            self.hook.conn.stop_solution_version_creation(solutionVersionArn=self.arn)
        except self.hook.conn.exceptions.ClientError:
            # The client repeats a call whose answer was lost: what refuses the stop may be this very stop.
            if self.hook.poll(self.resource, self.arn, "stopped").status not in (CREATE_STOPPING, CREATE_STOPPED):
                raise


def _is_within(asked: Any, found: Any) -> bool:
    """Whether what is asked for is so already; members that are not asked for do not matter."""
    if isinstance(asked, dict) and isinstance(found, dict):
        return all(member in found and _is_within(value, found[member]) for member, value in asked.items())
    return bool(asked == found)
