"""Every S3 prefix of the pipeline, as a function of the run key: `<stage>/<dataset>/<run key>/…`.
The files of evaluations, which `train` writes, are below `evaluate/`.

The `folder` of a dataset group (see aisle.groups.dataset_group) follows the stage; it is empty for the first group.

All prefixes end in '/', because Personalize reads an input location as a plain string prefix.
"""

from __future__ import annotations

from datetime import datetime

from aisle.contracts.run_key import checked_run_key


def ingest_page(source: str, window_start: datetime, window_end: datetime, run_key: str, page: int) -> str:
    """Key of one archived page of orders, byte for byte as the company API sent it (gzip)."""
    window = f"{window_start:%Y%m%dT%H%M%S}-{window_end:%Y%m%dT%H%M%S}"
    return f"ingest/{source}/{window}/{checked_run_key(run_key)}/page-{page:05d}.json.gz"


def dropped_page(source: str, content_hash: str, run_key: str, page: int) -> str:
    """Key of one archived page of the orders of a file, with everything that the file said of them (gzip)."""
    return f"ingest/{source}/{content_hash[:16]}/{checked_run_key(run_key)}/page-{page:05d}.json.gz"


def export_prefix(dataset: str, run_key: str, folder: str = "") -> str:
    """Prefix that holds one dataset's CSV of one run, and nothing else."""
    return f"export/{folder}{dataset}/{checked_run_key(run_key)}/"


def export_csv(dataset: str, run_key: str, folder: str = "") -> str:
    """Key of one dataset's CSV."""
    return f"{export_prefix(dataset, run_key, folder)}{dataset}.csv"


def erased_users(run_key: str) -> str:
    """Key of the list of users for a data deletion job; removed after the job."""
    return f"erase/users/{checked_run_key(run_key)}/users.csv"


def recommend_input(kind: str, run_key: str, folder: str = "") -> str:
    """Key of a batch job's input; `kind` is 'users' or 'items'."""
    return f"recommend/{folder}input/{kind}/{checked_run_key(run_key)}/{kind}.json"


def recommend_output_prefix(kind: str, run_key: str, folder: str = "") -> str:
    """Prefix that a batch job writes to."""
    return f"recommend/{folder}output/{kind}/{checked_run_key(run_key)}/"


def evaluate_csv(dataset: str, run_key: str, folder: str = "") -> str:
    """Key of one dataset's CSV of the rows before a hold-out."""
    return f"evaluate/{folder}{dataset}/{checked_run_key(run_key)}/{dataset}.csv"


def evaluate_input(kind: str, run_key: str, folder: str = "") -> str:
    """Key of the questions to the twins; `kind` is 'users' or 'items'."""
    return f"evaluate/{folder}input/{kind}/{checked_run_key(run_key)}/{kind}.json"


def evaluate_output_prefix(twin: str, run_key: str, folder: str = "") -> str:
    """Prefix that the batch job of one twin writes to."""
    return f"evaluate/{folder}output/{twin}/{checked_run_key(run_key)}/"
