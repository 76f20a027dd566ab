#!/usr/bin/env bash
# Expected: a dataclass that a task returns arrives as that class with all that is in it, or is refused.
# Happens:  the outer object arrives as its class; dataclasses inside it arrive as dictionaries, in fields whose type says
#           otherwise. A list of the same dataclasses, returned by itself, arrives whole. Keys of a dictionary that are
#           numbers arrive as text.
# Version:  apache-airflow 3.3.2
# Hurts:    `order.items[0].quantity` works in a test that calls the function and fails in the DAG with "dict has no
#           attribute"; a look-up by number finds nothing. Rebuild by a codec, or return plain JSON.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check apache-airflow==3.3.2
cat > "$work/orders.py" <<'PY'
from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    item_id: str
    quantity: int


@dataclass(frozen=True)
class Order:
    order_id: str
    items: list[Item]
PY
export AIRFLOW_HOME="$work/home" AIRFLOW__CORE__ALLOWED_DESERIALIZATION_CLASSES="orders.*" PYTHONPATH="$work"
"$work/venv/bin/python" - 2>/dev/null <<'PY'
import importlib.metadata
import json

from airflow.sdk.serde import deserialize, serialize
from orders import Item, Order


def next_task_gets(value):
    return deserialize(json.loads(json.dumps(serialize(value))))


print("apache-airflow", importlib.metadata.version("apache-airflow"))
order = next_task_gets(Order("1", [Item("mug", 2)]))
print("an order arrives as", order)
assert type(order) is Order and order.items == [{"item_id": "mug", "quantity": 2}]

items = next_task_gets([Item("mug", 2)])
print("its items alone arrive as", items)
assert items == [Item("mug", 2)]

counts = next_task_gets({7: "purchases"})
print("{7: 'purchases'} arrives as", counts)
assert counts == {"7": "purchases"}
PY
