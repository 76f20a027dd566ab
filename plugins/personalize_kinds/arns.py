"""The form of an ARN of the service: `arn:aws:personalize:<region>:<account>:<type>/<name>`.

Region and account are empty in the ARNs of what the service itself provides, such as its recipes.
"""

from __future__ import annotations

import re
from typing import NamedTuple

#: What the ARNs of the service's recipes begin with.
RECIPE_PREFIX = "arn:aws:personalize:::recipe/"
#: What follows a solution's ARN where a campaign is to serve whichever version is the newest.
LATEST = "/$LATEST"

_ARN = re.compile(r"arn:[a-z\d-]+:personalize:(?P<region>[^:]*):(?P<account>[^:]*):(?P<tail>.+)")


class Arn(NamedTuple):
    """The parts of an ARN; `tail` is its type and name, such as `dataset/shop/ITEMS`."""

    region: str
    account: str
    tail: str

    @property
    def name(self) -> str:
        """What follows the type: `shop/ITEMS`."""
        return self.tail.partition("/")[2]

    def __str__(self) -> str:
        return f"arn:aws:personalize:{self.region}:{self.account}:{self.tail}"


def parse_arn(text: str) -> Arn | None:
    """Take an ARN of the service apart; None if the text is none."""
    matched = _ARN.fullmatch(text)
    return Arn(*matched.groups()) if matched else None
