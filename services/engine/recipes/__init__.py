"""Numerics of the recipes: pure functions on arrays, without input, output or clock; seeds are arguments."""
