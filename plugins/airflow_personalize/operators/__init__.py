"""Operators: find or create, change or delete one resource, then wait for it."""
