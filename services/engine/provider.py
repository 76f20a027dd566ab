"""All operations of the three services in one object: a method per operation, the operation's name in snake_case."""

from __future__ import annotations

from collections.abc import Callable

from botocore import xform_name

from services.engine.errors import InvalidInput, NotFound
from services.engine.operations.base import Answer, Call
from services.engine.operations.batch_jobs import BatchOperations
from services.engine.operations.campaigns import CampaignOperations
from services.engine.operations.data_jobs import DataJobOperations
from services.engine.operations.datasets import DatasetOperations
from services.engine.operations.event_trackers import EventTrackerOperations
from services.engine.operations.events import EventOperations
from services.engine.operations.filters import FilterOperations
from services.engine.operations.metric_attributions import MetricAttributionOperations
from services.engine.operations.recipes import RecipeOperations
from services.engine.operations.recommenders import RecommenderOperations
from services.engine.operations.runtime import RuntimeOperations
from services.engine.operations.solutions import SolutionOperations
from services.engine.operations.tags import TagOperations
from services.engine.protocol import CONTROL, Operation


class Provider(
    DatasetOperations,
    DataJobOperations,
    RecipeOperations,
    SolutionOperations,
    CampaignOperations,
    RecommenderOperations,
    FilterOperations,
    EventTrackerOperations,
    EventOperations,
    MetricAttributionOperations,
    BatchOperations,
    RuntimeOperations,
    TagOperations,
):
    """What the engine can do. An operation is covered exactly if it has a method here."""

    def answer(self, operation: Operation, call: Call) -> Answer:
        """Carry an operation out. One of the control plane is done whole or not at all; those of the runtime and of
        the events service look after their own writes. Raises PersonalizeError."""
        method = method_of(self, operation.name)
        if method is None:
            raise InvalidInput(
                f"The operation {operation.name} is not covered by the engine; its COVERAGE.md lists those that are. "
                "Send this call to Amazon Personalize, or do without"
            )
        if NotFound.code in operation.error_statuses:  # the others list what is in the call's region, or look it up
            call.check_regions()
        if operation.service != CONTROL:
            return method(call)
        with self.store.transaction():
            return method(call)


def method_of(provider: Provider | type[Provider], operation: str) -> Callable[[Call], Answer] | None:
    """The method that carries an operation out, or None."""
    return getattr(provider, xform_name(operation), None)
