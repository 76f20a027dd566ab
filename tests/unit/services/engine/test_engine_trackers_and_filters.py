"""Event trackers and filters: what may be made, how many, and how they are listed."""

from __future__ import annotations

import re

import pytest

from aisle.contracts.personalize import ITEMS
from tests.unit.services.engine.control import Control, refused, schema_with


def test_tracker_has_a_hex_tail_a_uuid_and_its_account(control: Control, group: str) -> None:
    answer = control.CreateEventTracker(name="clicks", datasetGroupArn=group)
    tracker = control.settled("EventTracker", answer["eventTrackerArn"])
    assert re.fullmatch(r"arn:aws:personalize:us-east-1:0{12}:event-tracker/[0-9a-f]{8}", tracker["eventTrackerArn"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", answer["trackingId"])
    assert (tracker["trackingId"], tracker["accountId"]) == (answer["trackingId"], "000000000000")
    (listed,) = control.ListEventTrackers(datasetGroupArn=group)["eventTrackers"]
    assert "trackingId" not in listed


def test_group_has_one_tracker_and_may_have_another_after_it(control: Control, group: str) -> None:
    first = control.created("EventTracker", name="clicks", datasetGroupArn=group)
    refused("ResourceAlreadyExists", control.CreateEventTracker, first, name="more", datasetGroupArn=group)
    control.DeleteEventTracker(eventTrackerArn=first)
    assert control.gone("EventTracker", first)
    assert control.created("EventTracker", name="clicks", datasetGroupArn=group) != first


def test_filter_is_kept_and_listed_under_its_capital(control: Control, group: str) -> None:
    expression = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")'
    arn = control.created("Filter", name="unbought", datasetGroupArn=group, filterExpression=expression)
    assert arn.endswith(":filter/unbought")
    assert control.described("Filter", arn)["filterExpression"] == expression
    answer = control.ListFilters(datasetGroupArn=group)
    assert "filterExpression" not in answer["Filters"][0]
    control.DeleteFilter(filterArn=arn)
    assert control.gone("Filter", arn)


@pytest.mark.parametrize("expression", ["EXCLUDE", 'EXCLUDE ItemID WHERE Items.COLOUR IN ("red")'])
def test_filter_that_cannot_be_read_or_names_no_column_is_refused(
    control: Control, group: str, expression: str
) -> None:
    refused("InvalidInput", control.CreateFilter, name="f", datasetGroupArn=group, filterExpression=expression)


def test_filters_of_a_group_are_thirty_and_of_twenty_columns(control: Control) -> None:
    columns = [{"name": f"C{n}", "type": ["null", "string"], "categorical": True} for n in range(21)]
    group = control.created("DatasetGroup", name="wide")
    control.dataset(group, "ITEMS", schema_with(ITEMS, *columns))
    for n in range(0, 20, 10):
        tests = " AND ".join(f'Items.C{m} IN ("a")' for m in range(n, n + 10))
        control.CreateFilter(name=f"f{n}", datasetGroupArn=group, filterExpression=f"INCLUDE ItemID WHERE {tests}")
    one_more = 'INCLUDE ItemID WHERE Items.C20 IN ("a")'
    refused("LimitExceeded", control.CreateFilter, "21", name="x", datasetGroupArn=group, filterExpression=one_more)
    known = 'INCLUDE ItemID WHERE Items.C1 IN ("a")'
    for n in range(28):
        control.CreateFilter(name=f"g{n}", datasetGroupArn=group, filterExpression=known)
    refused("LimitExceeded", control.CreateFilter, "30", name="x", datasetGroupArn=group, filterExpression=known)
