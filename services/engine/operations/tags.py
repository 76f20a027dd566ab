"""Tags of resources."""

from __future__ import annotations

from services.engine.errors import NotFound, TooManyTags
from services.engine.operations.base import Answer, Call, Operations
from services.engine.resources import parse_arn

MAX_TAGS = 50


class TagOperations(Operations):
    """Keys and values that the owner of a resource gave it."""

    def tag_resource(self, call: Call) -> Answer:
        arn = self._existing(call)
        keys = {tag["tagKey"] for tag in (*self.store.tags(arn), *call["tags"])}
        if len(keys) > MAX_TAGS:
            raise TooManyTags(f"{arn} would have {len(keys)} tags; a resource may have {MAX_TAGS}")
        self.store.tag(arn, call["tags"])
        return {}

    def untag_resource(self, call: Call) -> Answer:
        self.store.untag(self._existing(call), call["tagKeys"])
        return {}

    def list_tags_for_resource(self, call: Call) -> Answer:
        return {"tags": self.store.tags(self._existing(call))}

    def _existing(self, call: Call) -> str:
        arn: str = call["resourceArn"]
        parse_arn(arn)
        if not self.store.exists(arn):
            raise NotFound(f"Resource Arn {arn} does not exist; tags belong to resources that do")
        return arn
