"""The tasks of the shop DAG: accept, recommend, store."""

# mypy: disallow-untyped-decorators=False

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from airflow.sdk import Param, get_current_context, task
from botocore.exceptions import BotoCoreError, ClientError
from psycopg import Connection
from psycopg.sql import Literal

from airflow_personalize.hooks.personalize import PersonalizeEventsHook, PersonalizeRuntimeHook
from aisle.cache.schema import cache_sql
from aisle.contracts.recommendations import ScoredProduct
from aisle.errors import FinalError, RetryableError
from aisle.groups.dataset_group import dataset_groups
from aisle.pipeline import PERSONALIZE
from aisle.shop import (
    MODES,
    N_POPULAR,
    CampaignAddress,
    Evidence,
    Metadata,
    Selection,
    ShopAnswer,
    ShopCampaign,
    anonymous_user,
    answer,
)
from aisle.warehouse import connect, sql
from personalize_kinds.codes import passes

_TEXT = {"type": ["null", "string"], "maxLength": 100}
_products = msgspec.json.Decoder(list[ScoredProduct])

#: The selection, and the recommender by the names of the documented stack; without one the cache answers.
PARAMS: dict[str, Param] = {
    "mode": Param("products", type="string", enum=[*MODES], description="What is given: five products, metadata, both"),
    "product_ids": Param([], type="array", items={"type": "string"}, description="Exactly five, each once"),
    "age": Param(None, type=["null", "integer"], minimum=0, maximum=130, description="In years"),
    "gender": Param(None, **_TEXT, description="Of the customer"),
    "city": Param(None, **_TEXT, description="Where the customer lives"),
    "province": Param(None, **_TEXT, description="Where the customer lives"),
    "campaign_arn": Param(None, **_TEXT | {"maxLength": 256}, description="PersonalizeCampaignArn; empty: the cache"),
    "tracking_id": Param(None, **_TEXT | {"maxLength": 256}, description="TrackingId"),
    "users_dataset_arn": Param(None, **_TEXT | {"maxLength": 256}, description="UsersDatasetArn"),
}


@task
def accept_request(params: Any = None) -> str:
    """Keep the request, and return the id of its anonymous customer: the same one for each attempt of a run."""
    run: Any = get_current_context()["dag_run"]
    user_id, selection = anonymous_user(of=run.run_id), _selection(params)
    with connect() as connection:
        connection.execute(sql("serving/shop_requests/accept").encode(), {"user_id": user_id, **selection.columns})
    return user_id


@task(pool=PERSONALIZE)
def recommend(user_id: str, params: Any = None) -> dict[str, Any]:
    """Ask the campaign of the params, or rank what the warehouse knows."""
    selection, address = _selection(params), _address(params)
    if address is None:
        with connect() as connection:
            made = answer(selection, _evidence(connection, selection))
    else:
        made = _ask(address, user_id, selection)
    return dict(msgspec.to_builtins(made))


@task
def store_answer(user_id: str, made: dict[str, Any]) -> None:
    """Keep the answer beside its request, where the serving API finds it; of several the first counts."""
    text = msgspec.json.encode(msgspec.convert(made, ShopAnswer)).decode()
    with connect() as connection:
        values = {"user_id": user_id, "answer": text, "failure": None}
        connection.execute(sql("serving/shop_requests/store").encode(), values)


def _selection(params: Any) -> Selection:
    facts = {name: (params[name] or None) for name in ("gender", "city", "province")}
    return Selection.of(params["mode"], params["product_ids"], Metadata(age=params["age"], **facts))


def _address(params: Any) -> CampaignAddress | None:
    """Return where to ask; None for the cache. Raises FinalError where only a part is given."""
    given = {name: params[name] for name in ("campaign_arn", "tracking_id", "users_dataset_arn") if params[name]}
    if not given:
        return None
    try:
        return CampaignAddress(**given)
    except TypeError as error:
        raise FinalError(
            f"Asking a campaign for the shop page: only {', '.join(given)} is given. Give campaign_arn, tracking_id "
            "and users_dataset_arn, or none of them to be answered from the cache."
        ) from error


def _ask(address: CampaignAddress, user_id: str, selection: Selection) -> ShopAnswer:
    campaign = ShopCampaign(address, events=PersonalizeEventsHook().conn, runtime=PersonalizeRuntimeHook().conn)
    try:
        return campaign.recommend(user_id, selection, datetime.now(UTC))
    except BotoCoreError as error:
        raise RetryableError(
            f"Asking {address.campaign_arn}: {error}. Look whether the service can be reached."
        ) from error
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        kind = RetryableError if passes(code, status) else FinalError
        raise kind(f"Asking {address.campaign_arn}: {error}. Compare the params with `aisle plan`.") from error


def _evidence(connection: Connection, selection: Selection) -> Evidence:
    """Return what the first group's cache and the marts know about a selection."""
    asked = {"product_ids": list(selection.product_ids)}
    lists = connection.execute(cache_sql("serving/shop/similar", dataset_groups()[0], nth=Literal(0)), asked).fetchall()
    facts = selection.metadata
    values = {"city": facts.city, "province": facts.province, "n_items": N_POPULAR}
    popular: Sequence[Any] = connection.execute(sql("serving/shop/popular").encode(), values).fetchall()
    return Evidence(
        similar={product_id: _products.decode(products) for _, product_id, products, _ in lists},
        popular=[ScoredProduct(product_id, score) for product_id, score, _ in popular],
        place=popular[0][2] if popular else None,
        generation=lists[0][3] if lists else None,
    )
