#!/usr/bin/env bash
# Expected: is_valid_number is a filter that articles' numbers rarely pass; some tenth of 13-digit barcodes, perhaps.
# Happens:  asked with the shop's own region, every EAN-13 barcode of a German maker (prefixes 400 to 440) is a valid
#           German phone number, nine of ten ISBN-10 of Indian books are valid Indian numbers, and a fifth of
#           Austrian barcodes (900) valid Austrian ones. In other countries (Spain, Brazil, Japan) none is.
# Version:  phonenumbers 9.0.43
# Hurts:    privacy scanners and customer matching that ask this library hold back the whole catalogue of a German shop,
#           or make one person of all who typed a barcode into the field beside; tested with the numbers of a country
#           where no barcode passes, such a rule looks sound.
# Source:   seen by running it; the numbers are random, with correct check digits.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43
"$work/venv/bin/python" - <<'PY'
import random

import phonenumbers

print("phonenumbers", phonenumbers.__version__)
digits = random.Random(1)


def filled(prefix, length):
    return prefix + "".join(digits.choice("0123456789") for _ in range(length - len(prefix)))


def ean_13(prefix):
    number = filled(prefix, 12)
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(number))
    return number + str(-weighted % 10)


def isbn_10(group):
    number = filled(group, 9)
    check = -sum((10 - place) * int(digit) for place, digit in enumerate(number)) % 11
    return number + ("X" if check == 10 else str(check))


def share(make, prefix, region, n=1000):
    """Part of such numbers that are valid phone numbers of a region."""
    valid = 0
    for _ in range(n):
        try:
            valid += phonenumbers.is_valid_number(phonenumbers.parse(make(prefix), region))
        except phonenumbers.NumberParseException:
            pass
    print(f"{make.__name__} {prefix}… in {region}: {valid / n:.0%} valid")
    return valid / n


assert share(ean_13, "40", "DE") == share(ean_13, "43", "DE") == 1
assert share(isbn_10, "81", "IN") > 0.8
assert 0.1 < share(ean_13, "90", "AT") < 0.3
assert share(ean_13, "84", "ES") == share(ean_13, "789", "BR") == share(ean_13, "49", "JP") == 0
PY
