#!/usr/bin/env bash
# Expected: what is a float, a datetime, an int or a str by inheritance is taken for one, as the standard library's json does.
# Happens:  numpy.float64, a float by inheritance, is no float for convert ("Expected `float`, got `numpy.float64`") and cannot
#           be encoded; no more can a pendulum time, which Airflow hands to every task, as a datetime. Subclasses of int and
#           str are half and half: convert takes them, encode refuses them. json.dumps writes all but the time.
# Version:  msgspec 0.22.0, numpy 2.4.6, pendulum 3.3.0
# Hurts:    scores of a model or an Airflow `logical_date` pass in a test with plain values, and stop the batch with real
#           ones. Use float(), datetime.fromtimestamp(), or dec_hook and enc_hook.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.22.0 numpy==2.4.6 pendulum==3.3.0
"$work/venv/bin/python" - <<'PY'
import json
from datetime import datetime
from importlib.metadata import version

import msgspec
import numpy as np
import pendulum


class Quantity(int):
    """A number with a name."""


class ItemId(str):
    """A text with a name."""


def does(call):
    try:
        call()
    except (msgspec.ValidationError, TypeError) as error:
        return f"no: {error}"
    return "yes"


print(*(f"{name} {version(name)}" for name in ("msgspec", "numpy", "pendulum")))
values = {
    "numpy.float64": (np.float64(1.5), float, "no", "no"),
    "pendulum time": (pendulum.datetime(2026, 1, 1), datetime, "no", "no"),
    "subclass of int": (Quantity(3), int, "yes", "no"),
    "subclass of str": (ItemId("mug"), str, "yes", "no"),
}
for name, (value, kind, is_converted, is_encoded) in values.items():
    converted = does(lambda: msgspec.convert(value, kind))
    encoded = does(lambda: msgspec.json.encode(value))
    print(f"{name:16} convert: {converted}; encode: {encoded}")
    assert (converted[:3].rstrip(":"), encoded[:3].rstrip(":")) == (is_converted, is_encoded), name
print("json.dumps:", json.dumps([np.float64(1.5), Quantity(3), ItemId("mug")]))
PY
