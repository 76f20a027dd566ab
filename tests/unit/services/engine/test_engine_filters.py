"""Filters: the vectors of the contract and the rules of their use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from services.engine.data.attributes import Attributes
from services.engine.errors import InvalidInput
from services.engine.filters import Facts, attributes, parse, parse_values
from services.engine.filters.expressions import Field
from tests.filter_vectors import EVENTS, EVERYTHING, INVALID, ITEMS, SCHEMAS, USERS, VALID
from tests.unit.services.engine.universe import universe

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
        ("INCLUDEItemID WHERE Items.PRICE > 3", "column 1; expected"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3OR Items.PRICE < 1", "column 36; expected"),
        ("INCLUDE ItemID WHERE Items.PRICE > 3e999", "not a number"),
        ("INCLUDE ItemID\nWHERE Items.PRICE >", "the text ends"),
        ("INCLUDE ItemID\nWHERE Items PRICE", "line 2, column 13"),
        ('INCLUDE ItemID WHERE Items.GENRE IN ($A, "b")', "','"),
        (f"INCLUDE ItemID WHERE Items.GENRE IN (${'x' * 51})", "column 38; expected"),
        ('INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*", "click")', "with other values"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE > 3", "needs a list"),
        ("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN CurrentItem.GENRE", "needs a list"),
        ('INCLUDE ItemID WHERE Items.PRICE IN ("cheap")', "'cheap' is not a number"),
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
        ("INCLUDE ItemID WHERE Items.PRICE > $P", {"P": '"cheap"'}, "'cheap' is not a number"),
        ("INCLUDE ItemID WHERE Items.PRICE > $P", {"P": "1,2"}, "got 2 values"),
        ("INCLUDE ItemID WHERE Items.PRICE IN ($P)", {"P": "cheap"}, "'cheap' is not a number"),
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
        ('ITEMS.GENRE = "a" OR ITEMS.GENRE = "b"', "'OR' is at line 1, column 19"),
        ("ITEMS.PRICE > 3", "compared by '>'"),
        ("USERS.AGE = 3", "no.* attribute of items"),
        ('ITEMS.DESCRIPTION = "boot"', "textual column"),
        ("ITEMS.IN_STOCK = 1", "boolean column"),
        ('ITEMS.NOPE = "a"', "ITEMS.NOPE is not in the schema"),
        ("ITEMS.GENRE = 3", 'GENRE is text; write its value in "double quotes"'),
        ('ITEMS.PRICE = "3"', "PRICE is a number; write its value without quotes"),
        ("ITEMS.GENRE = noir", "'noir' is at line 1, column 15"),
        ("", "the text ends"),
    ],
)
def test_what_is_no_attribute_expression_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint) as raised:
        attributes.parse(text).check(SCHEMAS["ITEMS"])
    assert "filter." not in str(raised.value)
