"""Hooks: thin wrappers of a boto3 client."""
