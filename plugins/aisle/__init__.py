"""Aisle: what Airflow imports. One package per leg of the line; see docs/walkthrough.md."""
