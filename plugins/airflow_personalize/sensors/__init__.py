"""Sensors: wait for a resource that somebody else has created."""
