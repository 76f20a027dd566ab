"""The tree of errors: what may pass and is tried again, and what is final. Rooms add branches of their own.

    AisleError
    ├── RetryableError            the same call may succeed later
    │   ├── CompanyApiUnavailable     5xx, time-out, cut-off body
    │   ├── Throttled                 429; carries retry_after_seconds
    │   └── WindowNotWhole            the pages of a window contradict each other, or what they claim
    └── FinalError                the world must change before a retry helps
        ├── ConfigurationError        a setting is missing or wrong
        │   └── UnusableSettings          found by looking at the settings alone, before anything starts
        ├── ContractBroken            the other side sent what the contract excludes
        ├── GateStopped               a stop suite found bad data
        ├── PersonalizeJobFailed      a job of Personalize or the engine ended in a failed state
        └── BatchOutputIncomplete     a batch job answered fewer lines than it was asked

A message says what was tried, on which thing, what came back and what to do.
"""

from __future__ import annotations


class AisleError(Exception):
    """Root of all errors that Aisle raises on purpose."""


class RetryableError(AisleError):
    """The same call may succeed later."""


class CompanyApiUnavailable(RetryableError):
    """The company API did not give a whole answer."""


class Throttled(RetryableError):
    """The other side asked us to come back later."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds

    def __reduce__(self) -> tuple[type[Throttled], tuple[str, float]]:
        return type(self), (str(self), self.retry_after_seconds)


class WindowNotWhole(RetryableError):
    """The pages of a window contradict each other, or what they claim: orders may be missing."""


class FinalError(AisleError):
    """The world must change before a retry helps."""


class ConfigurationError(FinalError):
    """A setting is missing or wrong."""


class UnusableSettings(ConfigurationError):
    """A setting is missing or wrong by itself, whatever the world is like."""


class ContractBroken(FinalError):
    """The other side sent what the contract excludes."""


class GateStopped(FinalError):
    """A stop suite found bad data; nothing behind the gate was touched."""


class PersonalizeJobFailed(FinalError):
    """A job of Personalize or of the engine ended in a failed state."""


class BatchOutputIncomplete(FinalError):
    """A batch job answered fewer lines than it was asked."""
