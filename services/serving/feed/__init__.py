"""The feed of the current user: what to show, and a record of what was shown."""
