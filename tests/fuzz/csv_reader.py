"""Fuzz the reader of import files: any bytes end in rows of the schema or in JobFailed, and in nothing else.

python -m tests.fuzz.csv_reader --inputs 300000
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path
from typing import IO, cast

import atheris

sys.path[:0] = [str(Path(__file__).parents[2] / "plugins")]

with atheris.instrument_imports(include=["services.engine.data.csv_rows", "services.engine.data.texts"]):
    from aisle.contracts.personalize import INTERACTIONS, ITEMS
    from services.engine.data import csv_rows
    from services.engine.data.tables import arrow_schema
    from services.engine.errors import JobFailed
    from services.engine.schemas import DatasetSchema, parse_schema

SCHEMAS = [parse_schema(dataset.avro_schema) for dataset in (INTERACTIONS, ITEMS)]
HEADERS = [f"{dataset.header}\n".encode() for dataset in (INTERACTIONS, ITEMS)]
#: The word that a byte means, so that the fuzzer finds rows that fit; other bytes mean themselves.
WORDS = {
    0xC0 + place: word
    for place, word in enumerate((
        b"u1,i1,buy,2.5,1700000000\n", b"i1,a lamp,x|y,9.5,1600000000\n", b"\n", b"\r\n", b",", b'"', b'""', b"\\",
        b'"a ""b"", \\"c"', b"<b>&amp;</b>", b"1e400", b"nan", b"-1", b"1700000000000", b"\xef\xbb\xbf", b"\xff\xfe",
        b"\0", b"true", "\u2028é".encode(), b"x" * 300, b"9" * 30, b"USER_ID,ITEM_ID", b"i" * 1001, b" ", b"\t",
    ))
}  # fmt: skip


def spelt(content: bytes) -> bytes:
    """Return the file that the fuzzer means."""
    return b"".join(WORDS.get(byte, bytes([byte])) for byte in content)


def read(content: bytes, schema: DatasetSchema) -> int:
    """Return the number of rows in a file, -1 if it is refused."""
    try:
        rows = csv_rows.Rows(cast(IO[bytes], io.BytesIO(content)), schema, "file.csv")
        batches = [*rows]
    except JobFailed:
        return -1
    assert all(batch.schema == arrow_schema(schema) for batch in batches)
    return sum(batch.num_rows for batch in batches)


class Reading:
    """Reads the fuzzer's inputs, half of them after a valid header, and counts."""

    def __init__(self, n_inputs: int) -> None:
        self.n_inputs = n_inputs
        self.n_read = self.n_refused = self.n_rows = 0

    def __call__(self, content: bytes) -> None:
        for schema, header in zip(SCHEMAS, HEADERS, strict=True):
            file = spelt(content[1:])
            n_rows = read(header + file if content[:1] < b"\x80" else file, schema)
            self.n_refused += n_rows < 0
            self.n_rows += max(n_rows, 0)
        self.n_read += 1
        if self.n_read == self.n_inputs:
            # The fuzzer ends the process and never returns.
            sys.stdout.write(
                f"{self.n_read} inputs read: {self.n_refused} files refused, {self.n_rows} rows, nothing else raised\n"
            )
            sys.stdout.flush()


def main() -> None:
    """Run the fuzzer; a failure ends the process and shows its input."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=300_000)
    n_inputs = parser.parse_args().inputs
    atheris.Setup([sys.argv[0], f"-runs={n_inputs}", "-verbosity=0"], Reading(n_inputs))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
