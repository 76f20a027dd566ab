"""All operations of the three services in one object: a method per operation, the operation's name in snake_case."""

from __future__ import annotations

from collections.abc import Callable

from botocore import xform_name

from services.engine.errors import InvalidInput
from services.engine.operations.base import Answer, Call
from services.engine.operations.batch_jobs import BatchOperations
from services.engine.operations.datasets import DatasetOperations
from services.engine.operations.recipes import RecipeOperations
from services.engine.operations.solutions import SolutionOperations
from services.engine.operations.tags import TagOperations


class Provider(DatasetOperations, RecipeOperations, SolutionOperations, BatchOperations, TagOperations):
    """What the engine can do. An operation is covered exactly if it has a method here."""

    def answer(self, operation: str, call: Call) -> Answer:
        """Carry an operation of the control plane out, whole or not at all. Raises PersonalizeError."""
        with self.store.transaction():
            return self.answer_data(operation, call)

    def answer_data(self, operation: str, call: Call) -> Answer:
        """Carry an operation of the runtime or of the events service out; it looks after its own writes."""
        method = method_of(self, operation)
        if method is None:
            raise InvalidInput(
                f"The operation {operation} is not covered by the engine yet; its COVERAGE.md lists those that are. "
                "Send this call to Amazon Personalize, or do without"
            )
        return method(call)


def method_of(provider: Provider | type[Provider], operation: str) -> Callable[[Call], Answer] | None:
    """The method that carries an operation out, or None."""
    return getattr(provider, xform_name(operation), None)
