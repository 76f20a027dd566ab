"""Operators that move data between PostgreSQL and S3."""
