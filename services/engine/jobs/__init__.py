"""The jobs that run between pending and active. A job takes its resource and returns what to store when it is done."""
