"""Whether the program lives, and whether it can answer."""
