"""Operators: find or create one resource, then wait for it."""
