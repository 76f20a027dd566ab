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


def _expected(model: Any, customers: Any, horizon_days: float) -> Any:
    """Return the expected purchases; those at the customer's pace where the formula of lifetimes overflows to NaN."""
    expected = model.conditional_expected_number_of_purchases_up_to_time(horizon_days, *customers.T)
    n_purchases, _, age_days = customers.T
    return np.where(np.isnan(expected), n_purchases / age_days * horizon_days, expected)


def main() -> None:
    from lifetimes import BetaGeoFitter  # type: ignore[import-not-found]  # noqa: PLC0415 - only there

    folder = Path(sys.argv[1])
    customers: Any = np.load(folder / "customers.npz")
    model = BetaGeoFitter(penalizer_coef=0.001).fit(*customers["learned"].T)
    horizon_days = float(customers["horizon_days"])
    expected = {name: _expected(model, customers[name], horizon_days) for name in ("learned", "asked")}
    np.savez(folder / "expected.npz", **expected)


if __name__ == "__main__":
    main()
