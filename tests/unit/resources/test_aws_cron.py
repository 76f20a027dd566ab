from __future__ import annotations

import pytest

from aisle.resources.aws_cron import five_fields


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("cron(0 */6 * * ? *)", "0 */6 * * *"),
        ("cron(0 0 ? * 1 *)", "0 0 * * 0"),
        ("cron(0 0 ? * 2-6 *)", "0 0 * * 1-5"),
        ("cron(0 0 ? * 1,7 *)", "0 0 * * 0,6"),
        ("cron(0 0 ? * MON-FRI *)", "0 0 * * MON-FRI"),
        ("cron(15 10 1 JAN ? *)", "15 10 1 JAN *"),
        ("cron(0 0 ? * 2/2 *)", "0 0 * * 1/2"),
    ],
)
def test_sunday_is_1_in_aws_cron_and_0_in_airflow(theirs: str, ours: str) -> None:
    assert five_fields(theirs) == ours


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("rate(1 day)", "not cron"),
        ("cron(0 0 * * ?)", "not cron"),
        ("cron(0 0 * * ? 2030)", "certain years"),
        ("cron(0 0 L * ? *)", "has no counterpart"),
        ("cron(0 0 ? * 6#3 *)", "has no counterpart"),
        ("cron(0 0 15W * ? *)", "has no counterpart"),
    ],
)
def test_what_five_fields_cannot_say_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        five_fields(expression)
