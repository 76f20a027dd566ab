"""Exceptions of the transfers. A retry helps none of them, so Airflow fails the task at once."""

# mypy: disallow-subclassing-any=False

from __future__ import annotations

from airflow.providers.common.compat.sdk import AirflowFailException


class TransferError(AirflowFailException):
    """Base of the exceptions that this package raises."""


class TransferConfigurationError(TransferError):
    """Raise when the arguments of a transfer contradict each other or the table."""


class TransferDataError(TransferError):
    """Raise when a file, or the place that it would be written to, is not as the transfer requires."""
