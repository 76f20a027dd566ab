"""Aisle: what Airflow imports. docs/architecture.md has the picture of its packages."""
