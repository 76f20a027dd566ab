#!/usr/bin/env bash
# Expected: a decoder that skips a field, or hands it out as Raw, either checks it as JSON or leaves it alone.
# Happens:  it depends on what is wrong. A number beyond all floats and bytes that are no UTF-8 pass in a skipped field
#           and in Raw, and fail later, where they are decoded. Half a surrogate pair in the same places fails the whole
#           document at once; in Raw, and where it is read, with "Input data was truncated", although nothing is missing.
# Version:  msgspec 0.23.0
# Hurts:    an ingest that takes pages apart with list[Raw] sees one emoji cut in half by the shop as an answer that
#           was cut off, and asks again for ever; while a page of broken text is stored as sound, and fails its reader.
# Source:   seen by running it.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check msgspec==0.23.0
"$work/venv/bin/python" - <<'PY'
import msgspec

print("msgspec", msgspec.__version__)


class Order(msgspec.Struct):
    order_id: str


def outcome(document, kind):
    try:
        msgspec.json.decode(document, type=kind)
    except msgspec.MsgspecError as error:
        return f"{type(error).__name__}: {error}"
    return "decoded"


SPOILT = {"huge number": b"1e400", "no UTF-8": b'"\xff"', "half an emoji": b'"\\ud83d"'}
seen = {
    what: (
        outcome(b'{"note":%b,"order_id":"7"}' % value, Order),
        outcome(b"[%b]" % value, list[msgspec.Raw]),
        outcome(value, object),
    )
    for what, value in SPOILT.items()
}
for what, (skipped, raw, read) in seen.items():
    print(f"{what:13} skipped: {skipped} | Raw: {raw} | read: {read}")
assert seen["huge number"][:2] == seen["no UTF-8"][:2] == ("decoded", "decoded")
assert all(seen[what][2] != "decoded" for what in SPOILT)
assert seen["half an emoji"][0] != "decoded" and all("truncated" in said for said in seen["half an emoji"][1:])
PY
