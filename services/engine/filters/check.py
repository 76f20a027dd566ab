"""The rules of expressions beyond the grammar: those of the language, and those of a group's schemas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from services.engine.errors import InvalidInput
from services.engine.filters.expressions import (
    ACTION_INTERACTIONS,
    ACTIONS,
    ANY_TYPE,
    EVENTS,
    INTERACTIONS,
    ITEMS,
    USERS,
    Comparison,
    CurrentItem,
    CurrentUser,
    Expression,
    Field,
    Membership,
    Parameter,
    Predicate,
    fields_of,
)
from services.engine.filters.parser import finite
from services.engine.schemas import Column, DatasetSchema

MAX_FIELDS = 10

_DATASETS_OF = {"ITEM": (ITEMS, INTERACTIONS), "USER": (USERS, INTERACTIONS), "ACTION": (ACTIONS, ACTION_INTERACTIONS)}
_NEVER_FILTERED = {Field(ACTIONS, "EXPIRATION_TIMESTAMP"), Field(ACTIONS, "REPEAT_FREQUENCY")}

Schemas = Mapping[str, DatasetSchema]


def check_language(expressions: Sequence[Expression]) -> None:
    """Check the rules that need no schema. Raises InvalidInput that names the fault."""
    targets = sorted({expression.target for expression in expressions})
    if len(targets) > 1:
        mixed = " and ".join(f"{target.capitalize()}ID" for target in targets)
        raise InvalidInput(f"Invalid Expression: {mixed} are mixed; all expressions of a filter must have one target")
    for expression in expressions:
        _check_datasets(expression)
        for predicate in expression.predicates:
            _check_predicate(predicate)
    fields = distinct_fields(expressions)
    if len(fields) > MAX_FIELDS:
        raise InvalidInput(f"The expression uses {len(fields)} distinct fields; use at most {MAX_FIELDS}")


def distinct_fields(expressions: Iterable[Expression]) -> frozenset[Field]:
    """Return the columns that expressions use; those of CurrentUser and CurrentItem count as their dataset's."""
    predicates = (predicate for expression in expressions for predicate in expression.predicates)
    return frozenset(field for predicate in predicates for field in fields_of(predicate))


def _check_datasets(expression: Expression) -> None:
    subjects = [predicate.subject for group in expression.condition for predicate in group]
    datasets = list(dict.fromkeys(subject.dataset for subject in subjects if isinstance(subject, Field)))
    if len(datasets) > 1:
        raise InvalidInput(
            f"Invalid Expression: {datasets[1]} is used in an expression on {datasets[0]}; "
            "join expressions on two datasets with '|'"
        )
    allowed = _DATASETS_OF[expression.target]
    if datasets[0] not in allowed:
        raise InvalidInput(
            f"Invalid Expression: {datasets[0]} cannot be tested for {expression.target.capitalize()}ID; "
            f"test {' or '.join(allowed)}"
        )


def _check_predicate(predicate: Predicate) -> None:
    subject, operand = predicate.subject, predicate.operand
    if isinstance(predicate, Membership) and predicate.negated and isinstance(operand, Parameter):
        raise InvalidInput(f"Invalid input symbol: {operand}. Placeholders are not allowed with NOT_IN operator.")
    if isinstance(subject, Field) and subject.dataset in EVENTS:
        _check_event_predicate(predicate)
    elif isinstance(operand, tuple) and ANY_TYPE in operand:
        raise InvalidInput(f'Invalid Expression: {subject} is compared with "*"; only EVENT_TYPE takes it')


def _check_event_predicate(predicate: Predicate) -> None:
    subject, values = predicate.subject, predicate.operand
    if subject.column != "EVENT_TYPE":
        raise InvalidInput(f"Invalid Expression: {subject} cannot be tested; of interactions only EVENT_TYPE can")
    if isinstance(predicate, Comparison) or isinstance(values, CurrentItem):
        raise InvalidInput(f'Invalid Expression: {subject} needs a list; write {subject} IN ("click")')
    if isinstance(values, tuple) and ANY_TYPE in values and len(values) > 1:
        raise InvalidInput(
            f'Invalid Expression: "*" is listed with other values of {subject}; by itself it means all types'
        )


def check_schemas(expressions: Iterable[Expression], schemas: Schemas) -> None:
    """Check expressions against the datasets' columns. Raises InvalidInput that names the column."""
    for expression in expressions:
        for predicate in expression.predicates:
            _check_types(predicate, schemas)


def filterable(subject: Field | CurrentUser | CurrentItem, schemas: Schemas) -> Column:
    """Return the schema's column. Raises InvalidInput if it does not exist or cannot be filtered on."""
    field = subject if isinstance(subject, Field) else subject.field
    if field.dataset not in schemas:
        raise InvalidInput(
            f"{subject} is tested, and the dataset group has no {field.dataset} dataset; create it first"
        )
    columns = {column.name.upper(): column for column in schemas[field.dataset].columns}
    column = columns.get(field.column)
    if column is None:
        raise InvalidInput(f"{subject} is not in the schema of {field.dataset}, which has {', '.join(columns)}")
    if column.type == "boolean" or column.textual or field in _NEVER_FILTERED:
        kind = "a boolean" if column.type == "boolean" else "a textual" if column.textual else "a reserved"
        raise InvalidInput(f"Invalid Expression: {subject} is {kind} column, which cannot be filtered on")
    return column


def _check_types(predicate: Predicate, schemas: Schemas) -> None:
    subject, operand = predicate.subject, predicate.operand
    column = filterable(subject, schemas)
    is_text = column.type == "string"
    if isinstance(predicate, Comparison) and is_text:
        raise InvalidInput(f'Invalid Expression: {subject} is text; compare it with IN ("…") or NOT IN ("…")')
    if isinstance(operand, CurrentItem):
        if (filterable(operand, schemas).type == "string") != is_text:
            raise InvalidInput(f"Invalid Expression: {subject} and {operand} are not both text or both numbers")
    elif isinstance(predicate, Membership) and isinstance(predicate.values, tuple) and not is_text:
        for value in predicate.values:
            finite(value)
