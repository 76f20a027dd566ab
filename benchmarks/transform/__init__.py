"""Measurements of transform: how long a build of the marts takes."""
