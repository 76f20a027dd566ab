from __future__ import annotations

from pathlib import Path

import pytest

from aisle.errors import ConfigurationError
from aisle.resources.converted import convert


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "It must be JSON"),
        ("{}", "must have the sections datasetGroup and datasets"),
        ("[]", "must have the sections datasetGroup and datasets"),
        ('{"datasetGroup": {"serviceConfig": {"name": "a"}}}', "a group needs the dataset interactions"),
        ('{"datasetGroup": {"serviceConfig": {"name": "a b"}}}', "groups.0.name: String should match pattern"),
    ],
)
def test_the_error_for_an_unusable_parameter_file_names_it(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "parameters.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as raised:
        convert(path)
    assert "parameters.json" in str(raised.value)
