"""Recommendations of a user and similar items of an item, from the live generation of the cache."""
