from __future__ import annotations

from typing import Any

MARCH_1 = 1709287200  # 2024-03-01T10:00Z
DAY = 86400


def _by(rows: list[dict[str, Any]], *keys: str) -> dict[Any, dict[str, Any]]:
    rows_by_key = {tuple(row[key] for key in keys) if len(keys) > 1 else row[keys[0]]: row for row in rows}
    assert len(rows_by_key) == len(rows), f"{keys} are no key of the rows"
    return rows_by_key


def test_interactions_are_the_paid_completed_products_of_known_users(small_company: Any) -> None:
    rows = small_company.rows("select * from personalize.interactions order by timestamp, user_id, event_value")
    assert [tuple(row.values()) for row in rows] == [
        ("ann", "MUG", "purchase", 5.0, MARCH_1),
        ("dan", "TOY", "purchase", 20.0, MARCH_1),
        ("dan", "TOY", "purchase", 901.0, MARCH_1),
        ("ann", "MUG", "purchase", 1.0, MARCH_1 + DAY),
    ]


def test_items_are_all_products_and_no_postage(small_company: Any) -> None:
    items = _by(small_company.rows("select * from personalize.items"), "item_id")
    assert set(items) == {"MUG", "CUP", "PAN", "TOY"}
    assert items["MUG"] == {
        "item_id": "MUG",
        "product_name": "BLUE MUG",
        "category": "kitchen/garden",
        "price": 5.0,
        "creation_timestamp": MARCH_1,
    }
    assert items["PAN"]["price"] is None
    assert items["CUP"]["category"] is None


def test_users_are_exactly_the_users_of_interactions(small_company: Any) -> None:
    rows = small_company.rows("select * from personalize.users order by user_id")
    assert [tuple(row.values()) for row in rows] == [
        ("ann", None, None, "Lahore, Punjab"),
        ("dan", None, None, "Karachi/Saddar"),
    ]


def test_customers_are_everybody_known_with_what_they_bought(small_company: Any) -> None:
    customers = _by(small_company.rows("select * from core.customers"), "user_id")
    assert set(customers) == {"ann", "ben", "cara", "dan", "empty", "posty"}
    counts = {name: (row["n_orders"], row["n_sales"], row["n_purchases"]) for name, row in customers.items()}
    assert counts["ann"] == (2, 4, 3)
    assert counts["posty"] == (1, 1, 0)
    assert counts["ben"] == (1, 0, 0)
    assert counts["cara"] == (0, 0, 0)
    assert customers["posty"]["last_purchased_at"] is None
    assert customers["ann"]["city"] == "Lahore", "a newer order without a place does not forget the older one's"


def test_orders_of_two_sources_with_one_id_stay_two(small_company: Any) -> None:
    orders = _by(small_company.rows("select * from core.orders"), "source", "order_id")
    assert orders["oe", "1"]["user_id"] == "ann"
    assert orders["pos", "1"]["user_id"] is None
    assert float(orders["oe", "1"]["total_amount"]) == 2 * 5 + 3 * 7 + 9, "without a total, the sum of the lines"
    assert float(orders["oe", "2"]["total_amount"]) == 50, "what the company says goes first"
    assert orders["oe", "C1"]["is_cancelled"] is True
    assert (orders["oe", "5"]["n_lines"], orders["oe", "5"]["n_items"]) == (0, 0)


def test_products_know_their_newest_name_prices_and_orders(small_company: Any) -> None:
    products = _by(small_company.rows("select * from core.products"), "product_id")
    mug, post = products["MUG"], products["POST"]
    assert mug["product_name"] == "BLUE MUG", "a cancellation's note is newer, but no name"
    assert (mug["n_orders"], mug["n_purchases"], float(mug["n_sold"])) == (2, 3, 6.0)
    assert (float(mug["median_price"]), float(mug["last_price"])) == (5.0, 5.0)
    assert (post["is_product"], post["n_orders"]) == (False, 0)
    assert products["PAN"]["first_sold_at"] is None


def test_outliers_are_flagged_and_kept(small_company: Any) -> None:
    rows = small_company.rows(
        "select quantity, unit_price, is_quantity_outlier, is_price_outlier from core.order_items"
        " where order_id = '7' order by line_number"
    )
    assert [(row["is_quantity_outlier"], row["is_price_outlier"]) for row in rows] == [(True, False), (False, True)]
    usual = small_company.rows(
        "select * from core.order_items where (is_quantity_outlier or is_price_outlier) and order_id <> '7'"
    )
    assert usual == []
    assert small_company.rows("select sum(quantity)::int as n from core.order_items where product_id = 'TOY'") == [
        {"n": 921}
    ]


def test_schemas_are_named_without_a_prefix(small_company: Any) -> None:
    rows = small_company.rows(
        "select distinct table_schema as name from information_schema.tables"
        " where table_schema not in ('pg_catalog', 'information_schema') order by 1"
    )
    made = {row["name"] for row in rows} - {"cache", "events", "identity", "ops", "raw"}
    assert made == {"staging", "intermediate", "core", "analytics", "features", "personalize"}


def test_marts_have_the_columns_of_the_datasets_in_their_order(small_company: Any) -> None:
    from aisle.contracts.personalize import DATASETS

    for dataset in DATASETS:
        columns = small_company.rows(
            "select column_name as name from information_schema.columns"
            f" where table_schema = 'personalize' and table_name = '{dataset.name}' order by ordinal_position"
        )
        assert ",".join(column["name"] for column in columns).upper() == dataset.header


def test_a_text_that_looks_like_personal_data_holds_back_its_product_alone(company: Any) -> None:
    names = {
        "BOSCH": "Bosch oil filter 0451103318",
        "ISBN": "Pride and Prejudice (0141439513)",
        "UPC": "Cereal 012345678905",
        "GIFT": "Mug for Ali, 0300-1234567",
        "NOTE": "ask ann@example.com",
    }
    for number, (product_id, name) in enumerate(names.items()):
        company.ordered(str(number), {"product_id": product_id, "product_name": name})
    company.build()
    for table in ("items", "interactions"):
        exported = company.rows(f"select distinct item_id from personalize.{table} order by item_id")
        assert [row["item_id"] for row in exported] == ["BOSCH", "ISBN", "UPC"]
    assert company.rows("select item_id, column_name, reason from core.held_back_items order by item_id") == [
        {"item_id": "GIFT", "column_name": "product_name", "reason": "a phone number"},
        {"item_id": "NOTE", "column_name": "product_name", "reason": "an e-mail address"},
    ]
    assert len(company.rows("select * from core.products")) == 5


def test_a_place_that_holds_a_contact_leaves_its_users_and_orders_alone(company: Any) -> None:
    places = {"plain": "Lahore", "phone": "Lahore 0300-1234567", "bare": "0614512345", "mail": "ann@example.com"}
    for number, (user_id, city) in enumerate(places.items()):
        company.ordered(str(number), {"product_id": "CUP"}, user_id=user_id, city=city)
    company.build()
    assert company.rows("select user_id, location from personalize.users order by user_id") == [
        {"user_id": "bare", "location": None},
        {"user_id": "mail", "location": None},
        {"user_id": "phone", "location": None},
        {"user_id": "plain", "location": "Lahore"},
    ]
    assert company.rows("select user_id, place_seems_to_hold as what from core.customers order by user_id") == [
        {"user_id": "bare", "what": "a phone number"},
        {"user_id": "mail", "what": "an e-mail address"},
        {"user_id": "phone", "what": "a phone number"},
        {"user_id": "plain", "what": None},
    ]
    assert len(company.rows("select * from personalize.interactions")) == 4


def test_a_customer_lives_where_the_newest_order_says_and_orders_count_where_they_were_placed(
    small_company: Any,
) -> None:
    living = small_company.rows("select * from core.region_customers order by user_id, region_kind")
    assert [(row["user_id"], row["region_kind"], row["region"]) for row in living] == [
        ("ann", "city", "LAHORE"),
        ("ann", "province", "PUNJAB"),
        ("dan", "city", "KARACHI|SADDAR"),
        ("posty", "city", "KARACHI|SADDAR"),
    ]
    popular = _by(small_company.rows("select * from core.popular_products"), "region_kind", "region", "product_id")
    assert popular["all", "ALL", "MUG"]["n_orders"] == 2
    assert popular["city", "LAHORE", "MUG"]["n_orders"] == 1
    regions = _by(small_company.rows("select * from core.regions"), "region_kind", "region")
    assert regions["city", "KARACHI|SADDAR"]["region_name"] == "Karachi|Saddar"
    assert (regions["city", "MULTAN"]["n_orders"], regions["city", "MULTAN"]["n_customers"]) == (1, 0)
