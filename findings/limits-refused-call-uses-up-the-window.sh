#!/usr/bin/env bash
# Expected: a call that is refused costs nothing: with 2 of 10 left, a batch of 5 is refused and 2 are still left.
# Happens:  the fixed window counts what it refuses. After the batch nothing is left, and calls that would have fitted
#           are refused until the window ends. A batch larger than the limit locks its sender out for a whole window.
#           The moving window and the sliding window of the same library leave the 2.
# Version:  limits 5.8.0
# Hurts:    a limit in events ("2,000 a minute", cost = size of the batch): a sender that splits a refused batch, as the
#           answer 429 tells it to, is refused with each part. test() before hit() is no way out where several ask.
# Source:   FixedWindowRateLimiter.hit of the library; seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check limits==5.8.0
"$work/venv/bin/python" - <<'PY'
import importlib.metadata

from limits import parse, storage, strategies

print("limits", importlib.metadata.version("limits"))
limit = parse("10/hour")
seen = {}
for name in ("FixedWindowRateLimiter", "MovingWindowRateLimiter", "SlidingWindowCounterRateLimiter"):
    limiter = getattr(strategies, name)(storage.MemoryStorage())
    assert limiter.hit(limit, "shop", cost=8)
    batch = limiter.hit(limit, "shop", cost=5)
    single = limiter.hit(limit, "shop", cost=1)
    oversized = limiter.hit(limit, "till", cost=11)
    afterwards = limiter.hit(limit, "till", cost=1)
    seen[name] = (batch, single, oversized, afterwards)
    print(f"{name:32} 8 used; batch of 5: {batch}, then 1: {single}; new sender, 11: {oversized}, then 1: {afterwards}")
assert seen["FixedWindowRateLimiter"] == (False, False, False, False)
assert seen["MovingWindowRateLimiter"] == (False, True, False, True)
assert seen["SlidingWindowCounterRateLimiter"] == (False, True, False, True)
PY
