"""Who takes part in which experiment: read from a file, computed from the user id, logged when an answer shows it."""
