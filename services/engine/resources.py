"""The one record behind Create, Describe and List, and the ARNs that name it."""

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
    """One resource. `body` holds members of the wire, `inner` what only the engine knows."""

    kind: Kind
    arn: str
    body: dict[str, Any]
    inner: dict[str, Any] = field(default_factory=dict)
    seq: int = 0

    @classmethod
    def create(cls, kind: Kind, region: str, name: str, body: Mapping[str, Any], **inner: Any) -> Resource:
        """Build a new resource; `name` is what its ARN has after the type."""
        arn = str(Arn(region, ACCOUNT_ID, f"{kind.arn_type}/{name}"))
        now = time.time()
        times = {"creationDateTime": now, "lastUpdatedDateTime": now}
        return cls(kind, arn, {**body, kind.arn_member: arn, **times}, inner)

    @property
    def status(self) -> str | None:
        """None for a schema, which has no status at all."""
        return self.body.get("status")

    @property
    def region(self) -> str:
        return arn_of(self.arn).region

    @property
    def tail(self) -> str:
        """What follows the type in the ARN: `shop`, or `shop/INTERACTIONS`."""
        return arn_of(self.arn).name

    def linked(self, member: str) -> str | None:
        """The ARN of another resource that this one keeps under a member, told or untold."""
        found: str | None = self.body.get(member) or self.inner.get(member)
        return found

    def move(self, status: str, **body: Any) -> None:
        """Take a new status, now."""
        self.body.update(body, status=status, lastUpdatedDateTime=time.time())

    @property
    def update(self) -> dict[str, Any]:
        """What Describe tells of the latest update; empty if there was none."""
        found: dict[str, Any] = self.body.get(self.kind.update_member, {})
        return found

    @property
    def updating(self) -> bool:
        """Whether an update has begun and not ended."""
        return bool(self.inner.get("updating"))

    def move_update(self, status: str, **members: Any) -> None:
        """Give the latest update a new status, now."""
        self.body[self.kind.update_member] = self.update | members | {
            "status": status, "lastUpdatedDateTime": time.time(),
        }  # fmt: skip


def arn_of(text: str) -> Arn:
    """Take an ARN of the service apart. Raises InvalidInput."""
    arn = parse_arn(text)
    if arn is None:
        raise InvalidInput(f"'{text}' is not an ARN of Personalize; pass one that a Create or List operation returned")
    return arn


def region_of(text: str) -> str:
    """Return the region of an ARN of the service, empty for its own recipes and for what is no such ARN."""
    arn = parse_arn(text)
    return arn.region if arn else ""
