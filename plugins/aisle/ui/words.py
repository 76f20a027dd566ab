"""Numbers and times as people read them. All are filters of the templates."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

#: What stands where there is nothing to say.
NOTHING = "–"
#: Of an age of at least so many seconds, the unit that it is given in, in seconds.
_GRAINS = ((6 * 3_600, 3_600), (60, 60), (0, 1))
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def span(seconds: float | None) -> str:
    """Return a duration in its two largest units: '1 h 5 min', '42 s', '0.3 s'."""
    if seconds is None:
        return NOTHING
    if seconds < 10:
        return f"{seconds:.1f} s"
    left = round(seconds)
    words: list[str] = []
    for size, unit in _STEPS:
        if left >= size and len(words) < 2:
            words.append(f"{left // size} {unit}")
            left %= size
        elif words:
            break
    return " ".join(words)


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago or in how long, in no more than two units: '2 h 5 min ago', 'in 3 min', 'just now'."""
    if moment is None:
        return NOTHING
    seconds = ((now or datetime.now(UTC)) - moment) / timedelta(seconds=1)
    if abs(seconds) < 10:
        return "just now"
    grain = next(grain for least, grain in _GRAINS if abs(seconds) >= least)
    words = span(abs(seconds) // grain * grain)
    return f"{words} ago" if seconds > 0 else f"in {words}"


def stamp(moment: datetime | None) -> str:
    """Return a time in UTC, to the minute."""
    return NOTHING if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def count(number: float | None) -> str:
    """Return a whole number with thousands separators."""
    return NOTHING if number is None else f"{number:,.0f}"


def share(part: float | None) -> str:
    """Return a fraction as a percentage; less than the whole is never rounded up to 100 %."""
    if part is None:
        return NOTHING
    return "100 %" if part >= 1 else f"{min(part * 100, 99.9):.1f} %"


def figure(value: float | None) -> str:
    """Return a metric with four decimals."""
    return NOTHING if value is None else f"{value:.4f}"


def dollars(amount: float | None) -> str:
    """Return a sum in dollars; below ten cents with four decimals, because single jobs cost little."""
    if amount is None:
        return NOTHING
    if 0 < amount < 0.00005:
        return "under $0.0001"
    return f"${amount:,.2f}" if amount == 0 or abs(amount) >= 0.1 else f"${amount:.4f}"


def size(n_bytes: float | None) -> str:
    """Return bytes in the largest decimal unit that fits."""
    if n_bytes is None:
        return NOTHING
    for unit in ("B", "kB", "MB", "GB"):
        if n_bytes < 1_000 or unit == "GB":
            break
        n_bytes /= 1_000
    return f"{n_bytes:,.0f} {unit}" if unit == "B" else f"{n_bytes:,.1f} {unit}"


def last_part(arn: str | None) -> str:
    """Return the name in an ARN."""
    return NOTHING if not arn else arn.rsplit("/", 1)[-1]
