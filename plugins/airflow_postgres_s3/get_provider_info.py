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
    transfers = {
        "PostgreSQL": ("Amazon Simple Storage Service (S3)", "postgres_to_s3"),
        "Amazon Simple Storage Service (S3)": ("PostgreSQL", "s3_to_postgres"),
    }
    return {
        "package-name": "airflow-provider-postgres-s3",
        "name": "PostgreSQL and S3",
        "description": "Transfers between PostgreSQL and S3 in constant memory.",
        "transfers": [
            {
                "source-integration-name": source,
                "target-integration-name": target,
                "how-to-guide": "/docs/airflow-provider-postgres-s3/transfers.rst",
                "python-module": f"airflow_postgres_s3.transfers.{module}",
            }
            for source, (target, module) in transfers.items()
        ],
    }
