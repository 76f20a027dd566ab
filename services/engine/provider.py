"""All operations of the three services in one object: a method per operation, named after it in snake_case."""

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
    """The operations that the engine covers: those with a method here."""

    def answer(self, operation: Operation, call: Call) -> Answer:
        """Carry out an operation. Raises PersonalizeError.

        An operation of the control plane runs in one transaction; those of the other services manage their own writes.
        """
        method = method_of(self, operation.name)
        if method is None:
            raise InvalidInput(
                f"The operation {operation.name} is not covered by the engine; its COVERAGE.md lists those that are. "
                "Send this call to Amazon Personalize, or leave it out"
            )
        if NotFound.code in operation.error_statuses:  # other operations only list or look up what is in the region
            call.check_regions()
        if operation.service != CONTROL:
            return method(call)
        with self.store.transaction():
            return method(call)


def method_of(provider: Provider | type[Provider], operation: str) -> Callable[[Call], Answer] | None:
    """Return the method that carries out an operation, or None."""
    return getattr(provider, xform_name(operation), None)
