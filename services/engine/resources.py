"""The record behind Create, Describe and List, and its ARN."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from personalize_kinds.arns import Arn, parse_arn
from personalize_kinds.kinds import Kind
from services.engine.errors import InvalidInput

ACCOUNT_ID = "000000000000"
DEFAULT_REGION = "us-east-1"


@dataclass
class Resource:
    """One resource. `body` holds the members on the wire, `inner` those that only the engine knows."""

    kind: Kind
    arn: str
    body: dict[str, Any]
    inner: dict[str, Any] = field(default_factory=dict)
    seq: int = 0

    @classmethod
    def create(cls, kind: Kind, region: str, name: str, body: Mapping[str, Any], **inner: Any) -> Resource:
        """Build a new resource; `name` is the part of its ARN after the type."""
        arn = str(Arn(region, ACCOUNT_ID, f"{kind.arn_type}/{name}"))
        now = time.time()
        times = {"creationDateTime": now, "lastUpdatedDateTime": now}
        return cls(kind, arn, {**body, kind.arn_member: arn, **times}, inner)

    @property
    def status(self) -> str | None:
        """The status; None for a schema, which has none."""
        return self.body.get("status")

    @property
    def region(self) -> str:
        return arn_of(self.arn).region

    @property
    def tail(self) -> str:
        """The part of the ARN after the type: `shop`, or `shop/INTERACTIONS`."""
        return arn_of(self.arn).name

    def linked(self, member: str) -> str | None:
        """Return the ARN of another resource that this one keeps under a member, on the wire or not."""
        arn: str | None = self.body.get(member) or self.inner.get(member)
        return arn

    def move(self, status: str, **body: Any) -> None:
        """Set the status, as of now."""
        self.body.update(body, status=status, lastUpdatedDateTime=time.time())

    @property
    def update(self) -> dict[str, Any]:
        """The latest update, as Describe shows it; empty if there was none."""
        update: dict[str, Any] = self.body.get(self.kind.update_member, {})
        return update

    @property
    def updating(self) -> bool:
        """Whether an update is under way."""
        return bool(self.inner.get("updating"))

    def move_update(self, status: str, **members: Any) -> None:
        """Set the status of the latest update, as of now."""
        self.body[self.kind.update_member] = self.update | members | {
            "status": status, "lastUpdatedDateTime": time.time(),
        }  # fmt: skip


def arn_of(text: str) -> Arn:
    """Parse an ARN of the service. Raises InvalidInput."""
    arn = parse_arn(text)
    if arn is None:
        raise InvalidInput(f"'{text}' is not an ARN of Personalize; pass one that a Create or List operation returned")
    return arn


def region_of(text: str) -> str:
    """Return the region of an ARN of the service; empty for its own recipes and for any other text."""
    arn = parse_arn(text)
    return arn.region if arn else ""
