"""Which rows of the marts belong to a group: columns and the values that each may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from psycopg import sql
from pydantic import BaseModel, ConfigDict, Field, model_validator

from aisle.contracts.personalize import DATASETS

Value = str | int | float | bool
Values = Annotated[list[Value], Field(min_length=1)]

#: The marts whose rows interactions belong to, each with the column that says to which.
KEYS = {"items": "item_id", "users": "user_id"}
#: What `customers` may name: how customers behave, in analytics.customer_segments.
BEHAVIOUR = ("segment", "churn_level", "recency_score", "frequency_score", "monetary_score")


class Where(BaseModel):
    """Per mart, the values that a column may have; several columns must all agree. Nothing said: every row.

    `customers` are the users as analytics.customer_segments has them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    interactions: dict[str, Values] = {}
    items: dict[str, Values] = {}
    users: dict[str, Values] = {}
    customers: dict[str, Values] = {}

    @model_validator(mode="after")
    def _names_columns_that_are_there(self) -> Where:
        for dataset in DATASETS:
            columns = [column.name.lower() for column in dataset.columns]
            for column in getattr(self, dataset.name):
                if column not in columns:
                    raise ValueError(f"{dataset.name} has no column {column}; it has {', '.join(columns)}")
        for column in self.customers:
            if column not in BEHAVIOUR:
                raise ValueError(f"customers has no column {column}; it has {', '.join(BEHAVIOUR)}")
        return self

    @property
    def restricted(self) -> tuple[str, ...]:
        """The marts among KEYS of which rows are left out."""
        return tuple(mart for mart in KEYS if self.restricts(mart))

    @property
    def of_interactions_alone(self) -> Where:
        """Only what is said of interactions themselves."""
        return Where(interactions=self.interactions)

    def restricts(self, dataset: str) -> bool:
        """Whether any row of the mart is left out."""
        of_itself = bool(getattr(self, dataset)) or (dataset == "users" and bool(self.customers))
        return of_itself or (dataset == "interactions" and bool(self.restricted))

    def condition(self, dataset: str) -> sql.Composed:
        """What follows `where` in a query of the mart `personalize.<dataset>`.

        Interactions are those of the items and of the users that the group has, besides what is said of themselves.
        """
        own: Mapping[str, list[Value]] = getattr(self, dataset)
        parts = [_is_one_of(column, values) for column, values in own.items()]
        if dataset == "interactions":
            parts += [self._belongs_to(mart) for mart in self.restricted]
        if dataset == "users" and self.customers:
            parts.append(self._behaves())
        return sql.SQL(" and ").join(parts) if parts else sql.Composed([sql.SQL("true")])

    def _belongs_to(self, mart: str) -> sql.Composed:
        return sql.SQL("{key} in (select {key} from {mart} where {condition})").format(
            key=sql.Identifier(KEYS[mart]),
            mart=sql.Identifier("personalize", mart),
            condition=self.condition(mart),
        )

    def _behaves(self) -> sql.Composed:
        conditions = sql.SQL(" and ").join(_is_one_of(column, values) for column, values in self.customers.items())
        return sql.SQL("user_id in (select user_id from analytics.customer_segments where {})").format(conditions)


def _is_one_of(column: str, values: list[Value]) -> sql.Composed:
    literals = sql.SQL(", ").join(sql.Literal(value) for value in values)
    return sql.SQL("{} in ({})").format(sql.Identifier(column), literals)
