#!/usr/bin/env bash
# Expected: a full disk is an OSError with errno ENOSPC, as from every other write in Python.
# Happens:  ndarray.tofile raises an OSError whose errno is None and whose text does not speak of the disk. Writing the
#           same bytes through the same file object gives ENOSPC.
# Version:  numpy 2.4.6, on Linux (the device /dev/full stands for a full disk)
# Hurts:    a job that stores factors or scores this way takes the full disk for an error of its own: it is told as a
#           crash, and not as "free some space and run it again". Write memoryview(array) through the file object.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6
"$work/venv/bin/python" - <<'PY'
import errno

import numpy as np

print("numpy", np.__version__)
scores = np.ones(100_000)
seen = {}
for name, write in (("tofile", scores.tofile), ("write", None)):
    try:
        with open("/dev/full", "wb", buffering=0) as file:
            write(file) if write else file.write(memoryview(scores).cast("B"))
    except OSError as error:
        seen[name] = error.errno
        print(f"{name:7} errno {error.errno}: {error}")
assert seen == {"tofile": None, "write": errno.ENOSPC}
PY
