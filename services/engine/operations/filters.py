"""Filters: expressions that say which items or users may be recommended."""

from __future__ import annotations

from personalize_kinds.kinds import BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB, DATASET_GROUP, FILTER
from services.engine.errors import LimitExceeded
from services.engine.filters import parse
from services.engine.filters.expressions import Field
from services.engine.operations.base import Answer, Call, Operations
from services.engine.quotas import MAX_FILTER_FIELDS
from services.engine.resources import Resource


class FilterOperations(Operations):
    """Operations on filters. Creation checks the expression against the group's schemas."""

    def create_filter(self, call: Call) -> Answer:
        group = self.find_active(DATASET_GROUP, call)
        parsed = parse(call["filterExpression"])
        parsed.check(self.schemas(group))
        self._check_fields(group, parsed.distinct_fields)
        body = call.only("name", "datasetGroupArn", "filterExpression")
        return self.create(Resource.create(FILTER, call.region, call["name"], body), call)

    def describe_filter(self, call: Call) -> Answer:
        return self.describe(FILTER, call)

    def list_filters(self, call: Call) -> Answer:
        return self.list(FILTER, call, parent=DATASET_GROUP)

    def delete_filter(self, call: Call) -> Answer:
        resource = self.find(FILTER, call)
        users = (BATCH_INFERENCE_JOB, FILTER.arn_member), (BATCH_SEGMENT_JOB, FILTER.arn_member)
        self.refuse_if_busy(resource, *users)
        return self.delete(resource)

    def _check_fields(self, group: Resource, fields: frozenset[Field]) -> None:
        """Raise LimitExceeded if the group's filters would test too many different columns."""
        others = self.store.page(FILTER, where=(DATASET_GROUP.arn_member, group.arn))
        used = fields.union(*(parse(other.body["filterExpression"]).distinct_fields for other in others))
        if len(used) > MAX_FILTER_FIELDS:
            raise LimitExceeded(
                f"The filters of {group.arn} would test {len(used)} different columns; {MAX_FILTER_FIELDS} are "
                "allowed. Delete a filter that is not needed"
            )
