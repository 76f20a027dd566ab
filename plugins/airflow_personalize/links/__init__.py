"""Links from a task to the page of what it made."""
