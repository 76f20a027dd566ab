"""Transfers between PostgreSQL and S3, in one pass and in constant memory."""
