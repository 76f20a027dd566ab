"""The tree of errors: retryable and final. Packages add subclasses of their own.

    AisleError
    ├── RetryableError            the same call may succeed later
    │   ├── CompanyApiUnavailable     5xx, time-out, cut-off body
    │   ├── Throttled                 429; carries retry_after_seconds
    │   └── WindowNotWhole            the pages of a window contradict each other, or what they claim
    └── FinalError                a retry does not help until something is fixed
        ├── ConfigurationError        a setting is missing or wrong
        │   └── UnusableSettings          found by looking at the settings alone, before anything starts
        ├── ContractBroken            data violate the contract
        ├── GateStopped               a stop suite found bad data
        ├── PersonalizeJobFailed      a job of Personalize or the engine ended in a failed state
        └── BatchOutputIncomplete     a batch job answered fewer records than its input has

A message says what was tried, on which thing, what came back and what to do.
"""

from __future__ import annotations


class AisleError(Exception):
    """Root of all errors that Aisle raises deliberately."""


class RetryableError(AisleError):
    """The same call may succeed later."""


class CompanyApiUnavailable(RetryableError):
    """The company API did not give a complete response."""


class Throttled(RetryableError):
    """The service asked for a later retry."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    def __reduce__(self) -> tuple[type[Throttled], tuple[str, float]]:
        return type(self), (str(self), self.retry_after_seconds)


class WindowNotWhole(RetryableError):
    """The pages of a window contradict each other or their own claims: orders may be missing."""


class FinalError(AisleError):
    """A retry does not help until something is fixed."""


class ConfigurationError(FinalError):
    """A setting is missing or wrong."""


class UnusableSettings(ConfigurationError):
    """A setting is missing or wrong in itself."""


class ContractBroken(FinalError):
    """Data violate the contract."""


class GateStopped(FinalError):
    """A stop suite found bad data; nothing behind the gate ran."""


class PersonalizeJobFailed(FinalError):
    """A job of Personalize or of the engine ended in a failed state."""


class BatchOutputIncomplete(FinalError):
    """A batch job answered fewer records than its input has."""
