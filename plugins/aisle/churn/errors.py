"""What stops a training or a scoring."""

from __future__ import annotations

from aisle.errors import ConfigurationError, ContractBroken, FinalError, RetryableError


class FeaturesMissing(RetryableError):
    """Schema `features` of the warehouse is not there, or being built."""


class TooLittleHistory(FinalError):
    """There are too few orders, or over too short a time, to learn from."""


class ModelUnusable(ContractBroken):
    """A stored model is not what its registry says, or learned from other features than there are now."""


class PredictionsTableMissing(ConfigurationError):
    """Schema `serving` was not migrated to a version with churn predictions and their reasons."""
