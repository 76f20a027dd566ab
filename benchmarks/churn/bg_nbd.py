"""BG/NBD, by lifetimes: the purchases that each customer is expected to make within the horizon.

    python bg_nbd.py FOLDER

FOLDER has customers.npz: `learned` and `asked` (n, 3), a row each: days with a purchase but the first, days from the
first to the last, days from the first to the date; and `horizon_days`. Writes expected.npz. It runs in the environment
of benchmarks/churn/requirements.txt, and knows nothing of Aisle.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    from lifetimes import BetaGeoFitter  # type: ignore[import-not-found]  # noqa: PLC0415 - only there

    folder = Path(sys.argv[1])
    customers: Any = np.load(folder / "customers.npz")
    model = BetaGeoFitter(penalizer_coef=0.001).fit(*customers["learned"].T)
    expected = {
        name: np.asarray(
            model.conditional_expected_number_of_purchases_up_to_time(
                float(customers["horizon_days"]), *customers[name].T
            )
        )
        for name in ("learned", "asked")
    }
    np.savez(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main()
