"""The `aisle` command: the stack, the demo, the warehouse."""

from services.cli.program import app, main

__all__ = ["app", "main"]
