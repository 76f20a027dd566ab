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
"""Exceptions of the operators, sensors and hooks of Amazon Personalize."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException


class PersonalizeError(AirflowException):
    """Base of the exceptions that this package raises."""


class PersonalizeRetryableError(PersonalizeError):
    """Raise when the same task may succeed later: Airflow retries it as often as its ``retries`` allow."""


class PersonalizeFinalError(PersonalizeError, AirflowFailException):
    """Raise when no retry can help: Airflow fails the task at once, under any retry policy."""


class PersonalizeResourceFailedError(PersonalizeFinalError):
    """Raise when a resource or a job has ended in a failed state."""


class PersonalizeResourceConflictError(PersonalizeFinalError):
    """Raise when an existing resource, or the one with the name, is not the requested one."""
