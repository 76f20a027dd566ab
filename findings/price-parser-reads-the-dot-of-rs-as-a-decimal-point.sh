#!/usr/bin/env bash
# Expected: the dot that ends an abbreviated currency ("Rs.") is no part of the number, and one currency is read one way;
#           the sign of an amount stays.
# Happens:  "Rs.500" is 500 and "Rs.99" is 0.99: before one or two digits the dot becomes a decimal point. "Rs. 99" is 99.
#           "KD 1.250", one dinar and a quarter, is 1250 as three digits behind a dot are taken for thousands. A refund of
#           "-500" is 500.
# Version:  price-parser 0.5.1
# Hurts:    prices from a shop's file or page: cheap products cost a hundredth, all others are right, so no average and no
#           sample shows it; refunds become sales. Give the amount as a number in the source, or strip the currency first
#           and pass decimal_separator.
# Source:   seen by running it
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check price-parser==0.5.1
"$work/venv/bin/python" - <<'PY'
from decimal import Decimal
from importlib.metadata import version

from price_parser import Price

print("price-parser", version("price-parser"))
expected = {
    "Rs.500": "500", "Rs.1,250": "1250", "Rs.99": "0.99", "Rs.5": "0.5", "Rs. 99": "99",
    "KD 1.250": "1250", "KD 1.25": "1.25", "-500": "500",
}
amounts = {text: Price.fromstring(text).amount for text in expected}
for text, amount in amounts.items():
    print(f"{text!r:12} is {amount}")
assert amounts == {text: Decimal(amount) for text, amount in expected.items()}, amounts

stripped = Price.fromstring("1.250", decimal_separator=".").amount
print("'1.250' with decimal_separator='.' is", stripped)
assert stripped == Decimal("1.250")
PY
