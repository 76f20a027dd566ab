"""Persons: the hashes by which they are known, the contacts found in text, and the redaction of erased people."""
