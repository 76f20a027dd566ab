"""Orders are edited, people merged and erased while a build runs: it ends well, and the next one has everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from aisle.stages.transform import extent, project
from aisle.warehouse import sql
from tests.integration.transform.conftest import Company
from tests.integration.transform.recomputed import differences_from_a_recomputation

MUG, CUP = {"product_id": "MUG"}, {"product_id": "CUP"}
ITEMS, PURCHASES = "intermediate.int_order_items__classified", "intermediate.int_purchases__by_order"

_EDIT = """
create function public.edit_meanwhile() returns trigger language plpgsql as $$
begin
    {statement};
    return null;
end
$$;
create trigger edit_meanwhile after insert on {table} for each statement execute function public.edit_meanwhile()
"""


@contextmanager
def _edited_when_written(company: Company, table: str, statement: str) -> Iterator[None]:
    """Run a statement as soon as a build has written `table`, which all of its further models see."""
    with psycopg.connect(company.url, autocommit=True) as connection:
        connection.execute(_EDIT.format(table=table, statement=statement).encode())
        yield
        connection.execute(b"drop function public.edit_meanwhile cascade")


@pytest.fixture
def settled(company: Company, monkeypatch: pytest.MonkeyPatch) -> Company:
    """Orders of three people, of which the last build has seen all; every further build is an incremental one."""
    monkeypatch.setattr(extent, "LARGEST_SHARE", 2)
    for number, user_id in enumerate(["ann", "ann", "ben", "cid", None]):
        company.ordered(str(number), MUG, CUP, user_id=user_id, city="Lahore")
    company.build()
    return company


@pytest.mark.timeout(600)
@pytest.mark.parametrize("table", [ITEMS, PURCHASES])
@pytest.mark.parametrize(
    "edit",
    [
        "update raw.company__orders set user_id = 'new' where order_id = 'edited'",
        "update raw.company__orders set user_id = 'ben' where order_id = 'edited'",
        "update raw.company__orders set user_id = null where order_id = 'edited'",
        "update raw.company__orders set user_id = 'ann' where user_id = 'ben'",
    ],
)
def test_an_order_that_becomes_anothers_while_a_build_runs_is_theirs_in_the_next(
    settled: Company, edit: str, table: str
) -> None:
    settled.ordered("edited", MUG, user_id="eve", city="Multan")
    settled.ordered("bens", CUP, user_id="ben")
    with _edited_when_written(settled, table, edit):
        settled.build()
    assert settled.build().extent.is_full is False
    assert differences_from_a_recomputation(settled.url) == []


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "edit",
    [
        "update raw.company__orders set status = 'cancelled' where order_id = 'edited'",
        "update raw.company__orders set ordered_at = '2024-05-01', city = 'Quetta' where order_id = 'edited'",
        "delete from raw.company__orders where order_id = 'edited'",
        "update raw.company__order_items set product_id = 'PAN', product_key = 'PAN' where order_id = 'edited'",
    ],
)
def test_an_order_that_changes_again_while_a_build_runs_is_right_in_the_next(settled: Company, edit: str) -> None:
    settled.ordered("edited", MUG, user_id="eve", city="Multan")
    with _edited_when_written(settled, ITEMS, edit):
        settled.build()
    assert settled.build().extent.is_full is False
    assert differences_from_a_recomputation(settled.url) == []


@pytest.mark.timeout(600)
def test_a_person_who_is_erased_while_a_build_runs_is_in_no_table_behind_the_next(settled: Company) -> None:
    settled.ordered("last", MUG, user_id="ann")
    forget = "perform identity.forget(array['ann'])"
    with _edited_when_written(settled, ITEMS, forget):
        settled.build()
    build = settled.build()
    assert (build.extent.is_full, build.extent.reason) == (True, "a person was erased")
    with psycopg.connect(settled.url) as connection:
        assert connection.execute(sql("identity/personal_data/forget").encode(), {"user_ids": ["ann"]}).fetchall() == []
    assert differences_from_a_recomputation(settled.url) == []


def test_a_build_does_not_run_beside_another(company: Company) -> None:
    company.ordered("1", MUG)
    with psycopg.connect(company.url) as other:
        assert other.execute(sql("ops/mart_builds/take_turn").encode()).fetchone() == (True,)
        with pytest.raises(project.TransformBroken, match="another build"):
            company.build()
    assert company.rows("select * from ops.mart_builds") == []
    assert company.build().extent.reason == "there was no build before"
