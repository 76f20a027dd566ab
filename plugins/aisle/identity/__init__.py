"""Persons: the hashes by which they are known, and their contacts in free text."""
