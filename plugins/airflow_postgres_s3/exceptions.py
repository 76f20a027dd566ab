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
"""Exceptions of the transfers. No retry can help, so Airflow fails the task at once."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowFailException


class TransferError(AirflowFailException):
    """Base of the exceptions that this package raises."""


class TransferConfigurationError(TransferError):
    """Raise when the arguments of a transfer contradict each other or the table."""


class TransferDataError(TransferError):
    """Raise when a file, or the object that a transfer would write, is not as the transfer requires."""
