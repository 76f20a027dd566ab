#!/usr/bin/env bash
# Expected: PSI, Jensen-Shannon, Hellinger and Kullback-Leibler are the robust measures of drift: their bins come from the
#           reference, so one wild value is one value in the last bin.
# Happens:  the bins are of equal width from the smallest to the largest value of both frames. With one price of 100,000 among
#           2,001, nearly all others lie in the first bin: prices that are all ten times as high give a PSI of 0.001, below every
#           threshold. An outlier in the reference does the same to every later comparison. Kolmogorov-Smirnov sees the drift.
# Version:  evidently 0.7.23
# Hurts:    amounts in cents instead of euros are what a drift check is for, and such a file tends to hold an odd value as well;
#           one typing error in the reference blinds the monitor for good, and it stays green. Clip to the reference's quantiles
#           first, or use "ks".
# Source:   seen by running it; get_binned_data of the library.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check evidently==0.7.23 numpy==2.3.5 pandas==2.3.3
cd "$work"
DO_NOT_TRACK=1 "$work/venv/bin/python" -W ignore - <<'PY'
from importlib.metadata import version

import numpy
import pandas
from evidently import Report
from evidently.metrics import ValueDrift

print("evidently", version("evidently"))
random = numpy.random.default_rng(0)
reference, later = random.lognormal(3, 1, 2000), random.lognormal(3, 1, 2000) * 10
outlier = 100_000.0


def drift(method: str, before: numpy.ndarray, after: numpy.ndarray) -> float:
    report = Report([ValueDrift(column="price", method=method)])
    result = report.run(pandas.DataFrame({"price": after}), pandas.DataFrame({"price": before}))
    return float(result.dict()["metrics"][0]["value"])


for method in ("psi", "jensenshannon", "hellinger", "kl_div", "ks"):
    plain = drift(method, reference, later)
    hidden = drift(method, reference, numpy.append(later, outlier))
    blinded = drift(method, numpy.append(reference, outlier), later)
    print(f"{method:14} ten times the price {plain:.4f}, with one outlier {hidden:.4f}, outlier in the reference {blinded:.4f}")
    if method == "ks":
        assert max(plain, hidden, blinded) < 0.05
    else:
        assert plain > 0.1 > 0.05 > max(hidden, blinded)
PY
