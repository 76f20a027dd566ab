"""Numerics of the recipes: pure functions on arrays. No input or output, no clock, seeds are given."""
