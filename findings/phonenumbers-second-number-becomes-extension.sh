#!/usr/bin/env bash
# Expected: a field with two phone numbers is refused, whatever stands between them; "123456.0", a number that went
#           through a float column, is refused or read without its ".0".
# Happens:  two numbers joined by " / ", "," or a space are refused. Joined by ";" they are one valid number, and all
#           of the second becomes its extension, which E.164 leaves out. ".0" appends a digit: where numbers have no
#           fixed length (Germany, Austria) the result is another valid number.
# Version:  phonenumbers 9.0.43
# Hurts:    people are joined by phone: somebody's second number can never find them again (nor can their request to
#           be forgotten), and a customer file saved by a spreadsheet or by pandas makes customers out of strangers'
#           numbers, all of them valid.
# Source:   seen by running it; RFC 3966 and the library's _EXTN patterns tell of ";ext=", not of a bare ";".
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43
"$work/venv/bin/python" - <<'PY'
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_valid_number, parse

print("phonenumbers", phonenumbers.__version__)


def read(text, region):
    try:
        number = parse(text, region)
    except NumberParseException as error:
        answer = f"refused ({error.error_type})"
    else:
        form = format_number(number, PhoneNumberFormat.E164)
        answer = f"{'valid' if is_valid_number(number) else 'invalid'} {form} ext {number.extension}"
    print(f"{region} {text!r:34} {answer}")
    return answer


for between in (" / ", "/", ",", " "):
    assert read(f"0300-1234567{between}0301-7654321", "PK").startswith("refused")
assert read("03001234567;03017654321", "PK") == "valid +923001234567 ext 03017654321"

assert read("030123456", "DE") == "valid +4930123456 ext None"
assert read("4930123456.0", "DE") == "valid +49301234560 ext None"
assert read("431234567.0", "AT") == "valid +4312345670 ext None"
PY
