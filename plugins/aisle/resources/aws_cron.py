"""Cron expressions as AWS writes them, in five fields as Airflow takes them. Both mean UTC."""

from __future__ import annotations

import re

_EXPRESSION = re.compile(r"cron\((?P<fields>[^)]*)\)")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_NUMBER = re.compile(r"(?<![/#\d])\d+")


def five_fields(expression: str) -> str:
    """`0 3 * * 0` of `cron(0 3 ? * 1 *)`. Raises ValueError that says what five fields cannot say."""
    matched = _EXPRESSION.fullmatch(expression.strip())
    fields = matched["fields"].split() if matched else []
    if len(fields) != 6:
        raise ValueError("not cron(minute hour day month weekday year)")
    *five, year = (field.replace("?", "*") for field in fields)
    if year != "*":
        raise ValueError("a schedule of certain years has no counterpart")
    if unknown := [field for field in (five[2], five[4]) if re.search(r"[LW#]", _without_names(field))]:
        raise ValueError(f"{unknown[0]} (last, nearest weekday, nth weekday) has no counterpart")
    five[4] = _NUMBER.sub(lambda number: str(int(number[0]) - 1), five[4])  # there Sunday is 1, here 0
    return " ".join(five)


def _without_names(field: str) -> str:
    return re.sub("|".join(_DAYS), "", field.upper())
