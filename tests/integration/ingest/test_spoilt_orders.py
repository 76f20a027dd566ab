"""Of nine hundred orders with one of each sort of mistake, only the spoilt ones are rejected."""

from __future__ import annotations

from collections import Counter
from typing import Any

from services.company_api.world.spoilt import SORTS

_OUTCOMES = Counter(sort.outcome for sort in SORTS.values() if sort.outcome != "loaded")


def test_each_spoilt_order_is_accounted_for_by_its_reason_and_every_other_is_loaded(
    simulate: Any, ingest_from: Any
) -> None:
    with simulate(scale="tiny", page_cap=100) as company:
        ingest = ingest_from(company)
        ingest.pull_all("sound")
        sound, whole = _accounts(ingest), _orders_with_items(ingest)
    ingest.execute("truncate raw.company__orders, raw.company__rejects, ops.ingest_windows cascade")
    with simulate(scale="tiny", page_cap=100, spoilt=True) as ingest.company:
        ingest.pull_all("spoilt")
        assert ingest.items_accounted_for() == ingest.company.health()["order_lines"]
    assert _accounts(ingest) == sound + _OUTCOMES
    spoilt = _orders_with_items(ingest)
    reused = {order for order in spoilt if "~" in order[1]}
    assert (len(reused), len(spoilt - whole)) == (1, 1)
    assert len(whole - spoilt) == (_OUTCOMES - Counter(merged=1)).total() + len(reused)
    assert _titles(ingest) == {
        "]8;;https://example.com\\Tea\u202e",
        "Mixer 0300-1234567 220V",
        "[/bold]<script>alert(1)</script>[link=https://example.com]Tea",
    }


def _accounts(ingest: Any) -> Counter[str]:
    """Items by what became of them: each reason of a reject, and those merged into an equal one."""
    rejected = Counter(dict(ingest.rows("select reason, sum(n_lines)::int from raw.company__rejects group by reason")))
    ((n_merged,),) = ingest.rows("select sum(merged_lines)::int from raw.company__order_items")
    return rejected + Counter(merged=n_merged)


def _orders_with_items(ingest: Any) -> set[tuple[str, str]]:
    return set(ingest.rows("select distinct source, order_id from raw.company__order_items"))


def _titles(ingest: Any) -> set[str]:
    query = "select product_name from raw.company__order_items where product_name ~ 'example|220V'"
    return {title for (title,) in ingest.rows(query)}
