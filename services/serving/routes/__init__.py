"""HTTP in, store out: a module per group of paths. No SQL here, and no HTTP in the store."""
