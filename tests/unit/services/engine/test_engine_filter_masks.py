"""Masks of filters against an evaluator that works row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from services.engine.errors import InvalidInput
from services.engine.filters import Facts, Filter, attributes, parse, parse_values
from tests.filter_vectors import Row
from tests.unit.services.engine.universe import universe

SIGNS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """Rows that a random filter is tried on."""

    items: dict[str, Row]
    item: str
    user: Row
    events: frozenset[tuple[str, str]]
    values: dict[str, str]

    def keeps(self, made: Filter) -> list[bool]:
        facts = Facts(
            {name: cell for name, cell in self.user.items() if cell is not None},
            {name: cell for name, cell in self.items[self.item].items() if cell is not None},
            lambda kind: np.array([any(self.had(item, kind, event) for event in self.events) for item in self.items]),
        )
        return [bool(is_kept) for is_kept in made.allowed(universe(self.items), facts, self.values)]

    @staticmethod
    def had(item: str, kind: str, event: tuple[str, str]) -> bool:
        return event[1] == item and kind in (event[0].lower(), "*")


class Test:
    """One predicate: its text, and whether a row passes."""

    __test__ = False

    def __init__(self, text: str, passes: Callable[[World, str], bool]) -> None:
        self.text = text
        self.passes = passes


def holds(cell: str | float | None, values: Sequence[str]) -> bool:
    return cell is not None and any(part == value for part in str(cell).split("|") for value in values)


def compares(cell: Any, sign: str, other: Any) -> bool:
    return cell is not None and other is not None and SIGNS[sign](cell, other)


WORDS = ["a", "b", "B", "c d"]
words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)
cells = st.none() | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2, unique=True).map("|".join)
numbers = st.none() | st.integers(-2, 3)
rows = st.fixed_dictionaries({"TAG": cells, "KIND": cells, "PRICE": numbers, "SIZE": numbers})
KINDS = ["click", "Buy", "STREAM"]
events = st.frozensets(st.tuples(st.sampled_from(KINDS), st.sampled_from("vwxyz")))
VALUES = {"N": "1", "T": '"a","c d"'}
worlds = st.builds(
    World, st.fixed_dictionaries(dict.fromkeys("vwxyz", rows)), st.sampled_from("vwxyz"), rows, events, st.just(VALUES)
)


def quoted(listed: Sequence[str]) -> str:
    return ", ".join(f'"{value}"' for value in listed)


def list_test(subject: str, read: Callable[[World, str], Any], listed: Sequence[str], negated: bool) -> Test:
    return Test(f"{subject} {'NOT IN' if negated else 'IN'} ({quoted(listed)})",
                lambda world, row: holds(read(world, row), listed) != negated)  # fmt: skip


def number_test(subject: str, read: Callable[[World, str], Any], sign: str, number: int) -> Test:
    return Test(f"{subject} {sign} {number}", lambda world, row: compares(read(world, row), sign, number))


def of_row(name: str) -> Callable[[World, str], Any]:
    return lambda world, row: world.items[row][name]


def of_user(name: str) -> Callable[[World, str], Any]:
    return lambda world, _: world.user[name]


signs, texts, amounts = st.sampled_from([*SIGNS]), st.sampled_from(["TAG", "KIND"]), st.sampled_from(["PRICE", "SIZE"])
item_tests = st.one_of(
    st.builds(lambda n, w, no: list_test(f"Items.{n}", of_row(n), w, no), texts, words, st.booleans()),
    st.builds(lambda n, s, x: number_test(f"Items.{n}", of_row(n), s, x), amounts, signs, st.integers(-2, 3)),
    st.builds(lambda n, s: Test(f"Items.{n} {s} $N", lambda w, r: compares(w.items[r][n], s, 1)), amounts, signs),
    st.builds(lambda n: Test(f"Items.{n} IN ($T)", lambda w, r: holds(w.items[r][n], ["a", "c d"])), texts),
    st.builds(
        lambda n, m, s: Test(
            f"Items.{n} {s} CurrentItem.{m}", lambda w, r: compares(w.items[r][n], s, w.items[w.item][m])
        ),
        amounts, amounts, signs,
    ),
    st.builds(
        lambda n, m: Test(
            f"Items.{n} IN CurrentItem.{m}",
            lambda w, r: holds(w.items[r][n], (w.items[w.item][m] or "none").split("|")),
        ),
        texts, texts,
    ),
)  # fmt: skip


def event_test(kinds: Sequence[str], negated: bool) -> Test:
    return Test(
        f"Interactions.EVENT_TYPE {'NOT IN' if negated else 'IN'} ({quoted(kinds)})",
        lambda world, row: (
            any(World.had(row, kind.lower(), event) for kind in kinds for event in world.events) != negated
        ),
    )


event_tests = st.builds(
    event_test, st.just(["*"]) | st.lists(st.sampled_from(KINDS), min_size=1, max_size=2), st.booleans()
)
user_tests = st.one_of(
    st.builds(lambda n, w, no: list_test(f"CurrentUser.{n}", of_user(n), w, no), texts, words, st.booleans()),
    st.builds(lambda n, s, x: number_test(f"CurrentUser.{n}", of_user(n), s, x), amounts, signs, st.integers(-2, 3)),
)


@dataclass(frozen=True)
class Said:
    """An expression as text and as tests of rows."""

    action: str
    tests: list[Test]
    joints: list[str]
    only_if: list[Test]

    @property
    def condition(self) -> str:
        joints = ["", *(f" {joint} " for joint in self.joints[1 : len(self.tests)])]
        return "".join(joint + test.text for joint, test in zip(joints, self.tests, strict=True))

    @property
    def text(self) -> str:
        guard = " IF " + " AND ".join(test.text for test in self.only_if) if self.only_if else ""
        return f"{self.action} ItemID WHERE {self.condition}{guard}"

    def applies(self, world: World) -> bool:
        return all(test.passes(world, "") for test in self.only_if)

    def finds(self, world: World, row: str) -> bool:
        results = [test.passes(world, row) for test in self.tests]
        source = str(results[0])
        for joint, result in zip(self.joints[1:], results[1:], strict=False):
            source += f" {joint.lower()} {result}"
        return bool(eval(source))  # Python's own precedence of `and` and `or` is the reference


def said(tests: st.SearchStrategy[Test]) -> st.SearchStrategy[Said]:
    return st.builds(
        Said, st.sampled_from(["INCLUDE", "EXCLUDE"]), st.lists(tests, min_size=1, max_size=4),
        st.lists(st.sampled_from(["AND", "OR"]), min_size=4, max_size=4), st.lists(user_tests, max_size=2),
    )  # fmt: skip


chains = st.lists(said(item_tests) | said(event_tests), min_size=1, max_size=4)


def kept_by_rows(chain: Sequence[Said], world: World) -> list[bool]:
    applying = [clause for clause in chain if clause.applies(world)]
    included = [clause for clause in applying if clause.action == "INCLUDE"]
    excluded = [clause for clause in applying if clause.action == "EXCLUDE"]
    return [
        (not included or any(clause.finds(world, row) for clause in included))
        and not any(clause.finds(world, row) for clause in excluded)
        for row in world.items
    ]


def joined(chain: Sequence[Said]) -> Filter:
    return parse(" | ".join(clause.text for clause in chain))


@settings(max_examples=300)
@given(chains, worlds)
def test_masks_are_what_going_row_by_row_gives(chain: list[Said], world: World) -> None:
    assert world.keeps(joined(chain)) == kept_by_rows(chain, world)


@settings(max_examples=50)
@given(chains, worlds, st.randoms(use_true_random=False))
def test_order_of_chained_expressions_does_not_matter(chain: list[Said], world: World, random: Any) -> None:
    shuffled = random.sample(chain, len(chain))
    assert world.keeps(joined(shuffled)) == world.keeps(joined(chain))


@settings(max_examples=50)
@given(chains, worlds)
def test_chain_keeps_what_is_included_and_not_excluded(chain: list[Said], world: World) -> None:
    def alone(action: str) -> list[list[bool]]:
        return [
            world.keeps(parse(clause.text)) for clause in chain if clause.action == action and clause.applies(world)
        ]

    included, kept_by_excludes = alone("INCLUDE"), alone("EXCLUDE")
    everything = [[True] * len(world.items)]
    either = np.any(included or everything, axis=0) & np.all(kept_by_excludes or everything, axis=0)
    assert world.keeps(joined(chain)) == either.tolist()


@settings(max_examples=50)
@given(said(item_tests) | said(event_tests), worlds)
def test_including_and_excluding_the_same_keeps_nothing(clause: Said, world: World) -> None:
    both = parse(f"INCLUDE ItemID WHERE {clause.condition} | EXCLUDE ItemID WHERE {clause.condition}")
    assert not any(world.keeps(both))


@settings(max_examples=50)
@given(chains, worlds)
def test_case_of_everything_but_values_does_not_matter(chain: list[Said], world: World) -> None:
    parts = " | ".join(clause.text for clause in chain).replace("$N", '"$N"').replace("$T", '"$T"').split('"')
    changed = '"'.join(part if place % 2 else part.swapcase() for place, part in enumerate(parts))
    changed = changed.replace('"$N"', "$N").replace('"$T"', "$T")
    assert world.keeps(parse(changed)) == world.keeps(joined(chain))


@settings(max_examples=200)
@given(st.text() | st.text(alphabet='INCLUDEincludeItemIDWHERE.()"|$=<>!, 0123456789'))
def test_any_text_is_a_filter_or_invalid_input(text: str) -> None:
    for read in (parse, attributes.parse, parse_values):
        try:
            read(text)
        except InvalidInput:
            continue
