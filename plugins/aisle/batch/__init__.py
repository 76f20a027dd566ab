"""Batch inference output: the records of a job's files, and how they are ranked."""
