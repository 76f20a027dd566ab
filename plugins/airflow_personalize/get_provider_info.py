# Licensed under the Apache License, Version 2.0 (the "License");
# you may not use this file except in compliance with the License.
# You may obtain a copy of the License at
#
#   http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS,
# WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
# See the License for the specific language governing permissions and
# limitations under the License.
"""Metadata that Airflow's provider manager shows."""

from __future__ import annotations

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """Describe the package, in the form of Airflow's ``provider_info.schema.json``."""
    integration = "Amazon Personalize"
    return {
        "package-name": "airflow-provider-personalize",
        "name": "Amazon Personalize",
        "description": "`Amazon Personalize <https://aws.amazon.com/personalize/>`__ for Airflow.",
        "integrations": [
            {
                "integration-name": integration,
                "external-doc-url": "https://aws.amazon.com/personalize/",
                "how-to-guide": ["/docs/airflow-provider-personalize/operators/personalize.rst"],
                "tags": ["aws"],
            }
        ],
        "hooks": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_personalize.hooks.personalize"],
            }
        ],
        "operators": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_personalize.operators.personalize"],
            }
        ],
        "sensors": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_personalize.sensors.personalize"],
            }
        ],
        "triggers": [
            {
                "integration-name": integration,
                "python-modules": ["airflow_personalize.triggers.personalize"],
            }
        ],
        "extra-links": ["airflow_personalize.links.personalize.PersonalizeLink"],
    }
