"""Stages of the pipeline, a package each: its logic, and the tasks of its DAG. None imports another."""
