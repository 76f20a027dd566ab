"""
# Shop

Reads  the live lists of similar items, the marts of products and regions; or the campaign that the params name.
Writes `serving.shop_requests`: one request of an anonymous customer, and its answer.

1. accept_request – the selection of the params: five products, facts about a customer, or both
2. recommend – the campaign if the params name one; else similar items, and what is popular in the place
3. store_answer – where the serving API shows it: `/shop/requests/<what accept_request returned>`

Started by hand. The shop page itself does the same inside the serving API, without waiting for Airflow.
Safe to rerun: a run has one request, and its first answer stays.
"""

from __future__ import annotations

from airflow.sdk import dag

from aisle.dag.defaults import RUN_KEY_PARAM, stage_dag
from aisle.stages.shop.tasks import PARAMS, accept_request, recommend, store_answer


@dag(**stage_dag("shop", __doc__), params={**PARAMS, **RUN_KEY_PARAM})
def shop() -> None:
    """The workflow of the shop page."""
    user_id = accept_request()
    store_answer(user_id, recommend(user_id))


shop()
