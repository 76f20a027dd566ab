"""`python -m tests.fuzz.filter_parser --inputs 500000`: any text is a filter or InvalidInput, and twice the same.

A third of the inputs are random bytes, the others are filters with up to three wrong words, which get further into the
grammar. Prints how many inputs were tried and how many were parsed; any other exception, or an input that takes five
seconds, stops it.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from functools import partial

import atheris

with atheris.instrument_imports(include=["services.engine.filters", "lark"]):
    from services.engine.errors import InvalidInput
    from services.engine.filters import attributes, parse, parse_values

ACTIONS = ("INCLUDE", "exclude")
TARGETS = ("ItemID", "UserID", "ActionID")
JOINTS = ("AND", "or", "AND", "|")
PREDICATES = (
    "Items.PRICE > 3", "Items.GENRE IN ( $G )", 'Items.GENRE NOT IN ( "a" , "b" )', "Items.PRICE < CurrentItem.PRICE",
    "items.A = 1", 'Interactions.EVENT_TYPE IN ( "*" )', 'Interactions.EVENT_TYPE NOT IN ( "click" , "buy" )',
    "Users.AGE >= ( $A )", 'Users.TIER IN ( "gold" )', "Actions.VALUE != -2.5", 'ITEMS.GENRE = "noir"',
)  # fmt: skip
GUARDS = ("", "", "IF CurrentUser.AGE > 18", 'IF CurrentUser.TIER NOT IN ( "x" ) AND CurrentUser.AGE < $A')
DAMAGE = (
    "", "WHERE", "IF", "IN", "NOT", "|", ".", ",", "(", ")", "=", "==", "*", '"*"', '""', '"', "'a'", "$", ".5",
    "é", "\x00", "\x1f", "\u2028", "CurrentUser.AGE", "Items.", "LIKE", "ItemID", "x" * 60,
)  # fmt: skip

counts: Counter[str] = Counter()


def one_input(data: bytes, last: int) -> None:
    provider = atheris.FuzzedDataProvider(data)
    text = provider.ConsumeUnicode(sys.maxsize) if provider.ConsumeIntInRange(0, 2) == 0 else damaged_filter(provider)
    counts["inputs"] += 1
    for name, read in READERS.items():
        try:
            read(text)
            counts[name] += 1
        except InvalidInput as refusal:
            str(refusal).encode(errors="surrogatepass")
    if counts["inputs"] == last:
        report()


def damaged_filter(provider: atheris.FuzzedDataProvider) -> str:
    words = [provider.PickValueInList([*ACTIONS]), provider.PickValueInList([*TARGETS]), "WHERE"]
    words += provider.PickValueInList([*PREDICATES]).split(" ")
    for _ in range(provider.ConsumeIntInRange(0, 4)):
        joint = provider.PickValueInList([*JOINTS])
        words += [joint, *(words[:3] if joint == "|" else []), *provider.PickValueInList([*PREDICATES]).split(" ")]
    words += provider.PickValueInList([*GUARDS]).split(" ")
    for _ in range(provider.ConsumeIntInRange(0, 3)):
        words[provider.ConsumeIntInRange(0, len(words) - 1)] = provider.PickValueInList([*DAMAGE])
    return " ".join(words[provider.ConsumeIntInRange(0, 3) :] if provider.ConsumeBool() else words)


def read_twice(text: str) -> None:
    if parse(text) != parse(text):
        raise AssertionError(f"{text!r} is read in two ways")


READERS = {"filters": read_twice, "attribute expressions": attributes.parse, "values": parse_values}


def report() -> None:
    sys.stdout.write(", ".join(f"{count:,} {name}" for name, count in counts.items()) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    inputs = parser.parse_args().inputs
    # atheris ends the process without a word, so the last input reports.
    options = [f"-runs={inputs}", "-timeout=5", "-max_len=3000", "-verbosity=0"]
    atheris.Setup([sys.argv[0], *options], partial(one_input, last=inputs))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
