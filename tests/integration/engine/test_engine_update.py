"""trainingMode UPDATE: new items join, nothing is learnt anew."""

from __future__ import annotations

from typing import Any

from aisle.contracts.personalize import INTERACTIONS


def test_update_keeps_what_was_learnt_and_takes_new_items_in(shop: Any, csv_of_interactions: str) -> None:
    group = shop.group()
    dataset = shop.dataset(group, INTERACTIONS)
    shop.import_csv(dataset, csv_of_interactions)
    full = shop.train(group, "aws-user-personalization")
    header = csv_of_interactions.splitlines()[0].split(",")
    known = dict(zip(header, csv_of_interactions.splitlines()[1].split(","), strict=True))
    row = ",".join((known | {"ITEM_ID": "brand-new"})[name] for name in header)
    added = shop.import_csv(dataset, f"{csv_of_interactions.rstrip()}\n{row}\n", name="second")
    assert added["status"] == "ACTIVE", added
    version = shop.client.create_solution_version(
        solutionArn=full["solutionArn"], trainingMode="UPDATE"
    )["solutionVersionArn"]  # fmt: skip
    updated = shop.settled(shop.client.describe_solution_version, solutionVersionArn=version)
    assert updated["status"] == "ACTIVE", updated
    metrics = [
        shop.client.get_solution_metrics(solutionVersionArn=arn)["metrics"]
        for arn in (full["solutionVersionArn"], version)
    ]
    assert metrics[0] == metrics[1]
    lists = [
        shop.infer(arn, ['{"userId":"nobody"}'], name, numResults=500)[0]["output"]["recommendedItems"]
        for arn, name in ((full["solutionVersionArn"], "before"), (version, "after"))
    ]
    assert "brand-new" not in lists[0]
    assert lists[1] == [*lists[0], "brand-new"]
