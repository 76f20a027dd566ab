"""The values of parameters as requests pass them: `"comedy","drama"` in one string."""

from __future__ import annotations

import re

from services.engine.errors import InvalidInput

_QUOTED, _BARE = r'"([^"]*)"', r'([^",\s](?:[^",]*[^",\s])?)'
_VALUE = re.compile(f"{_QUOTED}|{_BARE}")
_VALUES = re.compile(rf"\s*(?:{_QUOTED}|{_BARE})\s*(?:,\s*(?:{_QUOTED}|{_BARE})\s*)*")


def parse_values(text: str) -> tuple[str, ...]:
    """Parse the values in a member of `filterValues`: in double quotes or bare, between commas. A blank text has none.

    Raises InvalidInput if quotes or commas do not match up.
    """
    if not text.strip():
        return ()
    if not _VALUES.fullmatch(text):
        raise InvalidInput(
            f"The filter values '{text[:80]}' cannot be read; "
            'wrap each value in double quotes and put commas between: "comedy","drama"'
        )
    return tuple(quoted or bare for quoted, bare in _VALUE.findall(text))
