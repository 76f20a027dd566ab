"""Filters: the vectors of the contract, rules of use, and masks against an evaluator that goes row by row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.engine.data.attributes import Attributes, Texts
from services.engine.errors import InvalidInput
from services.engine.filters import Facts, Filter, attributes, parse, parse_values
from services.engine.filters.expressions import Field
from tests.filter_vectors import EVENTS, EVERYTHING, INVALID, ITEMS, SCHEMAS, USERS, VALID, Row

NUMBERS = ("PRICE", "SIZE", "AGE", "CREATION_TIMESTAMP")


def column(name: str, cells: Sequence[str | float | None]) -> Any:
    if name in NUMBERS:
        return np.array([np.nan if cell is None else cell for cell in cells], np.float64)
    distinct = sorted({str(cell) for cell in cells if cell is not None})
    return Texts(np.array([distinct.index(str(cell)) if cell is not None else -1 for cell in cells]), tuple(distinct))


def universe(rows: Mapping[str, Row]) -> Attributes:
    names = next(iter(rows.values())).keys()
    columns = {name: column(name, [row[name] for row in rows.values()]) for name in names}
    return Attributes(np.array([key.encode() for key in rows]), columns)


ALL_ITEMS, ALL_USERS = universe(ITEMS), universe(USERS)


def items_of(user: str | None) -> Callable[[str], Any]:
    taken = {(kind, item) for who, name, item in EVENTS if who == user for kind in (name.lower(), "*")}
    return lambda kind: np.array([(kind, item) in taken for item in ITEMS])


def users_with(kind: str) -> Any:
    having = {who for who, name, _ in EVENTS if kind in (name.lower(), "*")}
    return np.array([user in having for user in USERS])


def keeps(text: str, user: str | None = None, item: str | None = None, **values: str) -> str:
    """Ids that a filter keeps, with the facts of the contract's fixture."""
    made = parse(text)
    made.check(SCHEMAS)
    if made.target == "USER":
        mask = made.allowed(ALL_USERS, Facts(interacted=users_with), values)
        return " ".join(np.array([*USERS])[mask])
    facts = Facts(ALL_USERS.row(user or ""), ALL_ITEMS.row(item or ""), items_of(user))
    return " ".join(np.array([*ITEMS])[made.allowed(ALL_ITEMS, facts, values)])


@pytest.mark.parametrize(
    ("text", "given", "kept"),
    [
        *VALID,
        # AND binds tighter than OR.
        ('INCLUDE ItemID WHERE Items.PRICE < 15 OR Items.PRICE > 25 AND Items.COUNTRY IN ("FR")', {}, "A D"),
        # Null: no comparison is true, no list holds it; so NOT IN is true.
        ("EXCLUDE ItemID WHERE Items.PRICE < 1000", {}, "E"),
        ("INCLUDE ItemID WHERE Items.PRICE NOT IN (10, 20)", {}, "C D E"),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("10", 4e1)', {}, "A D"),
        ("INCLUDE ItemID WHERE Items.PRICE != CurrentItem.PRICE", {"item": "E"}, ""),
        ("INCLUDE ItemID WHERE Items.GENRE NOT IN CurrentItem.GENRE", {"item": "E"}, EVERYTHING),
        ("INCLUDE ItemID WHERE Items.PRICE IN CurrentItem.PRICE", {"item": "C"}, "C"),
        ('EXCLUDE ItemID WHERE Items.ITEM_ID IN ("A", "E")', {}, "B C D"),
        # Nobody known: no interaction, and no IF holds.
        ('EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}, EVERYTHING),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")', {}, ""),
        ('EXCLUDE ItemID WHERE Items.GENRE IN ("drama") IF CurrentUser.AGE != 3', {}, EVERYTHING),
        ('EXCLUDE ItemID WHERE Items.GENRE IN ("drama") IF CurrentUser.TIER NOT IN ("gold")', {}, "A D E"),
        # An INCLUDE whose IF does not hold takes no part: alone it keeps everything.
        ('INCLUDE ItemID WHERE Items.GENRE IN ("drama") IF CurrentUser.AGE > 20', {"user": "u1"}, EVERYTHING),
        (
            'INCLUDE ItemID WHERE Items.GENRE IN ("drama") IF CurrentUser.AGE > 20 '
            "| INCLUDE ItemID WHERE Items.PRICE = 40",
            {"user": "u1"},
            "D",
        ),
        # A value that is missing: the predicate of an EXCLUDE is left out.
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {"user": "u1"}, EVERYTHING),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($G) AND Items.PRICE > 25", {}, "A B E"),
        ("EXCLUDE ItemID WHERE Items.GENRE IN ($G) OR Items.PRICE > 25", {}, "A B E"),
        ("EXCLUDE ItemID WHERE Items.PRICE > 25 IF CurrentUser.AGE > $AGE", {"user": "u1"}, EVERYTHING),
        ("EXCLUDE ItemID WHERE Items.PRICE > 25 IF CurrentUser.AGE > $AGE", {"user": "u1", "AGE": "16"}, "A B E"),
        # Values that the filter does not name do not matter.
        ("EXCLUDE ItemID WHERE Items.PRICE > 25", {"OTHER": '"'}, "A B E"),
    ],
)
def test_filter_keeps_what_it_says(text: str, given: dict[str, str], kept: str) -> None:
    assert keeps(text, **given) == kept


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        *INVALID,
        # Beside the contract's vectors.
        ("", "the text ends"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ('comedy')", 'text in "double quotes"'),
        ("INCLUDEItemID WHERE Items.PRICE > 3", "column 1, where"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3OR Items.PRICE < 1", "column 36, where"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3e999", "no number"),
        ("INCLUDE ItemID\nWHERE Items.PRICE >", "the text ends"),
        ("INCLUDE ItemID\nWHERE Items PRICE", "line 2, column 13"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ($A, "b")', "','"),
        (f"INCLUDE ItemID WHERE Items.GENRE IN (${'x' * 51})", "column 38, where"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*", "click")', "among other values"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE > 3", "needs a list"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN CurrentItem.GENRE", "needs a list"),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("cheap")', "'cheap' is no number"),
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.GENRE", "not both text or both numbers"),
        ("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.IN_STOCK", "CurrentItem.IN_STOCK is a boolean column"),
        (
            "INCLUDE ItemID WHERE Items.PRICE < 3 IF CurrentUser.NOPE > 3",
            "CurrentUser.NOPE is not in the schema of USERS",
        ),
        ("INCLUDE ActionID WHERE Actions.VALUE > 3", "no ACTIONS dataset"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3" + " " * 2_500, "2536 characters; write at most 2500"),
    ],
)
def test_what_is_no_filter_is_refused_with_its_fault(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match="(?i)" + complaint) as raised:
        parse(text).check(SCHEMAS)
    assert str(raised.value).startswith("Could not create filter. ")


@pytest.mark.parametrize(
    ("text", "values", "complaint"),
    [
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)", {}, r"a value for \$GENRES"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)", {"genres": '"a"'}, r"a value for \$GENRES"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)", {"GENRES": " "}, r"a value for \$GENRES"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3 IF CurrentUser.AGE > $AGE", {}, r"a value for \$AGE"),
        ("INCLUDE ItemID WHERE Items.GENRE IN ($GENRES)", {"GENRES": '"a"b'}, "cannot be read"),
        ("INCLUDE ItemID WHERE Items.PRICE > $P", {"P": '"cheap"'}, "'cheap' is no number"),
        ("INCLUDE ItemID WHERE Items.PRICE > $P", {"P": "1,2"}, "got 2 values"),
        ("INCLUDE ItemID WHERE Items.PRICE IN ($P)", {"P": "cheap"}, "'cheap' is no number"),
    ],
)
def test_values_that_do_not_serve_are_refused_at_use(text: str, values: dict[str, str], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        keeps(text, **values)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ()),
        ('"a","b"', ("a", "b")),
        (' "a,b" , c d ,3', ("a,b", "c d", "3")),
        ('""', ("",)),
    ],
)
def test_values_are_read_quoted_or_bare(text: str, values: tuple[str, ...]) -> None:
    assert parse_values(text) == values


def test_filter_tells_what_it_needs() -> None:
    made = parse(
        "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($TYPES) IF CurrentUser.AGE > $AGE "
        "| INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND items.price > 3"
    )
    assert (made.target, made.parameters) == ("ITEM", {"TYPES", "AGE"})
    assert made.uses_events
    assert made.uses_current_item
    expected = {Field("INTERACTIONS", "EVENT_TYPE"), Field("USERS", "AGE"), Field("ITEMS", "PRICE")}
    assert made.distinct_fields == expected
    plain = parse("INCLUDE UserID WHERE Users.AGE > 3")
    assert (plain.target, plain.uses_events, plain.uses_current_item) == ("USER", False, False)


def test_columns_that_were_never_imported_are_null() -> None:
    bare = Attributes(ALL_ITEMS.ids)
    assert not parse('INCLUDE ItemID WHERE Items.GENRE IN ("comedy")').allowed(bare).any()
    assert parse('INCLUDE ItemID WHERE Items.GENRE NOT IN ("comedy")').allowed(bare).all()
    assert not parse("INCLUDE ItemID WHERE Items.PRICE > 3").allowed(bare).any()


def test_other_data_under_the_same_filter_are_looked_at_anew() -> None:
    made = parse("INCLUDE ItemID WHERE Items.PRICE > 25")
    before = made.allowed(ALL_ITEMS)
    for _ in range(3):
        dearer = universe({key: {**row, "PRICE": 100} for key, row in ITEMS.items()})
        assert made.allowed(dearer).all()
        del dearer
    assert made.allowed(ALL_ITEMS).tolist() == before.tolist()
    before[:] = True
    assert not made.allowed(ALL_ITEMS).all()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('ITEMS.GENRE = "drama"', "B C"),
        ('items.genre = "drama" AND ITEMS.PRICE = 20', "B"),
        ("ITEMS.PRICE = 4e1", "D"),
        ('ITEMS.GENRE = "Drama"', ""),
    ],
)
def test_attribute_expression_finds_items(text: str, kept: str) -> None:
    expression = attributes.parse(text)
    expression.check(SCHEMAS["ITEMS"])
    assert " ".join(np.array([*ITEMS])[expression.mask(ALL_ITEMS)]) == kept


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('ITEMS.GENRE = "a" OR ITEMS.GENRE = "b"', "'OR' stands at line 1, column 19"),
        ("ITEMS.PRICE > 3", "compared by '>'"),
        ("USERS.AGE = 3", "no.* attribute of items"),
        ('ITEMS.DESCRIPTION = "boot"', "textual column"),
        ("ITEMS.IN_STOCK = 1", "boolean column"),
        ('ITEMS.NOPE = "a"', "ITEMS.NOPE is not in the schema"),
        ("ITEMS.GENRE = 3", 'GENRE is text; write its value in "double quotes"'),
        ('ITEMS.PRICE = "3"', "PRICE is a number; write its value without quotes"),
        ("ITEMS.GENRE = noir", "'noir' stands at line 1, column 15"),
        ("", "the text ends"),
    ],
)
def test_what_is_no_attribute_expression_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as raised:
        attributes.parse(text).check(SCHEMAS["ITEMS"])
    assert "filter." not in str(raised.value)


# --- masks against rows ---------------------------------------------------------------------------

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


@settings(max_examples=300, deadline=None)
@given(chains, worlds)
def test_masks_are_what_going_row_by_row_gives(chain: list[Said], world: World) -> None:
    assert world.keeps(joined(chain)) == kept_by_rows(chain, world)


@settings(max_examples=50, deadline=None)
@given(chains, worlds, st.randoms(use_true_random=False))
def test_order_of_chained_expressions_does_not_matter(chain: list[Said], world: World, random: Any) -> None:
    shuffled = random.sample(chain, len(chain))
    assert world.keeps(joined(shuffled)) == world.keeps(joined(chain))


@settings(max_examples=50, deadline=None)
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


@settings(max_examples=50, deadline=None)
@given(said(item_tests) | said(event_tests), worlds)
def test_including_and_excluding_the_same_keeps_nothing(clause: Said, world: World) -> None:
    both = parse(f"INCLUDE ItemID WHERE {clause.condition} | EXCLUDE ItemID WHERE {clause.condition}")
    assert not any(world.keeps(both))


@settings(max_examples=50, deadline=None)
@given(chains, worlds)
def test_case_of_everything_but_values_does_not_matter(chain: list[Said], world: World) -> None:
    parts = " | ".join(clause.text for clause in chain).replace("$N", '"$N"').replace("$T", '"$T"').split('"')
    changed = '"'.join(part if place % 2 else part.swapcase() for place, part in enumerate(parts))
    changed = changed.replace('"$N"', "$N").replace('"$T"', "$T")
    assert world.keeps(parse(changed)) == world.keeps(joined(chain))


@settings(max_examples=200, deadline=None)
@given(st.text() | st.text(alphabet='INCLUDEincludeItemIDWHERE.()"|$=<>!, 0123456789'))
def test_any_text_is_a_filter_or_invalid_input(text: str) -> None:
    for read in (parse, attributes.parse, parse_values):
        try:
            read(text)
        except InvalidInput:
            continue
