"""Benchmarks of Airflow: waits, transfers, erasure."""
