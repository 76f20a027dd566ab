"""The order system whose ids callers send is one that has a file."""

from __future__ import annotations

import pytest

from tests.serving_shop import api_settings


@pytest.mark.parametrize("name", ["oe", "pos", "shopify"])
def test_any_source_of_orders_may_be_the_one_whose_ids_callers_send(name: str) -> None:
    assert api_settings(user_id_source=name).user_id_source == name


@pytest.mark.parametrize("name", ["", "POS", "till"])
def test_a_source_that_has_no_file_is_refused_with_those_that_have_one(name: str) -> None:
    with pytest.raises(ValueError, match=r"no such order system; give one of oe, .*woocommerce"):
        api_settings(user_id_source=name)
