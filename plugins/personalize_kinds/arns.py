"""The form of an ARN of the service: `arn:aws:personalize:<region>:<account>:<type>/<name>`.

Region and account are empty in the ARNs of the service's own resources, such as its recipes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

#: Prefix of the ARNs of the service's recipes.
RECIPE_PREFIX = "arn:aws:personalize:::recipe/"
#: Suffix to a solution's ARN that lets a campaign serve the newest version.
LATEST = "/$LATEST"

_ARN = re.compile(r"arn:[a-z\d-]+:personalize:(?P<region>[^:]*):(?P<account>[^:]*):(?P<tail>.+)")


@dataclass(frozen=True, slots=True)
class Arn:
    """The parts of an ARN; `tail` is its type and name, such as `dataset/shop/ITEMS`."""

    region: str
    account: str
    tail: str

    @property
    def name(self) -> str:
        """The part after the type: `shop/ITEMS`."""
        return self.tail.partition("/")[2]

    def __str__(self) -> str:
        return f"arn:aws:personalize:{self.region}:{self.account}:{self.tail}"


def parse_arn(text: str) -> Arn | None:
    """Parse an ARN of the service; return None for any other text."""
    matched = _ARN.fullmatch(text)
    return Arn(*matched.groups()) if matched else None
