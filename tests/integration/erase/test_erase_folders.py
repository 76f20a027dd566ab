from __future__ import annotations

from pathlib import Path

import pytest

from aisle.contracts.company_orders import Customer
from aisle.identity.contacts import ContactFinder
from aisle.identity.hashing import PersonHasher
from aisle.settings import Identity
from aisle.stages.erase.folders import forget_in_folders

HASHER = PersonHasher(Identity(hash_key="key-of-the-tests"))  # type: ignore[arg-type]
HASHES = HASHER.hashes("pos", Customer(phone="0300-1234567", email="gone@example.com")).known
USER_ID = HASHES[0]


def forget(folder: Path) -> tuple[int, int]:
    files = forget_in_folders([folder, folder / "is not there"], HASHES, ContactFinder(HASHER))
    return files.looked_at, files.rewritten


@pytest.mark.parametrize(
    ("name", "text", "left"),
    [
        ("site/raw/k.html", f"<td>{USER_ID}</td><td>9{USER_ID[1:]}</td>", f"<td>[erased]</td><td>9{USER_ID[1:]}</td>"),
        ("dbt/k/dbt.log", f"DETAIL: Key (user_id)=({USER_ID}) exists.", "DETAIL: Key (user_id)=([erased]) exists."),
        ("logs/dag/attempt=1.log", "Failing row: 0300-1234567, 0300-12345678", "Failing row: [erased], 0300-12345678"),
        ("dbt/k/run_results.json", '{"said": "Gone@Example.com"}', '{"said": "[erased]"}'),
        ("logs/1.log", r'{"to": "gone\u0040example.com", "é": "\u00e9"}', r'{"to": "[erased]", "é": "\u00e9"}'),
        ("logs/2.log", r"\u0047\u006Fne@example\u002ecom, \u0067ona@example.com", r"[erased], \u0067ona@example.com"),
        ("logs/3.log", r"call \u0030300\u00a0123\u20094567 at \u0031pm", r"call [erased] at \u0031pm"),
        ("logs/4.log", r'"{\"to\": \"gone\\u0040example.com\"}"', r'"{\"to\": \"[erased]\"}"'),
        ("logs/5.log", rf"(\u{ord(USER_ID[0]):04x}{USER_ID[1:]})", "([erased])"),
        ("logs/6.log", r"C:\u0300-1234567 and 0300-1234567", r"C:\u0300-1234567 and [erased]"),
    ],
)
def test_reports_and_logs_lose_the_person_and_keep_the_rest(tmp_path: Path, name: str, text: str, left: str) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.write_text(text)
    file.chmod(0o640)
    assert forget(tmp_path) == (1, 1)
    assert file.read_text() == left
    assert file.stat().st_mode & 0o777 == 0o640
    assert forget(tmp_path) == (1, 0)
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


@pytest.mark.parametrize("body", [b"nobody is here \xff\r\n", b"\0" + USER_ID.encode(), b""])
def test_a_file_without_the_person_or_that_is_no_text_is_not_written(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "file.log"
    file.write_bytes(body)
    before = file.stat()
    assert forget(tmp_path) == (1, 0)
    assert file.read_bytes() == body
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_link_is_not_followed_out_of_the_folder(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text(USER_ID)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link.txt").symlink_to(outside)
    assert forget(inside) == (0, 0)
    assert outside.read_text() == USER_ID
