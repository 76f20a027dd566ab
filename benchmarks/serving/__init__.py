"""Benchmarks of the serving API."""
