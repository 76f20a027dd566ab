"""The whole platform on one machine without Docker: PostgreSQL, S3, engine, company API, Airflow, API, reports."""
