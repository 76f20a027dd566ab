"""Tags of resources."""

from __future__ import annotations

from personalize_kinds.limits import MAX_TAGS
from services.engine.errors import NotFound, TooManyTagKeys
from services.engine.operations.base import Answer, Call, Operations
from services.engine.quotas import check_tags
from services.engine.resources import arn_of


class TagOperations(Operations):
    """Operations on the tags of resources."""

    def tag_resource(self, call: Call) -> Answer:
        arn = self._existing(call)
        check_tags(arn, (*self.store.tags(arn), *call["tags"]))
        self.store.tag(arn, call["tags"])
        return {}

    def untag_resource(self, call: Call) -> Answer:
        arn = self._existing(call)
        if len(set(call["tagKeys"])) > MAX_TAGS:
            raise TooManyTagKeys(f"{len(set(call['tagKeys']))} keys were given; a resource has at most {MAX_TAGS} tags")
        self.store.untag(arn, call["tagKeys"])
        return {}

    def list_tags_for_resource(self, call: Call) -> Answer:
        return {"tags": self.store.tags(self._existing(call))}

    def _existing(self, call: Call) -> str:
        arn: str = call["resourceArn"]
        arn_of(arn)
        if not self.store.exists(arn):
            raise NotFound(f"Resource Arn {arn} does not exist; tags belong to resources that do")
        return arn
