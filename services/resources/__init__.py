"""The commands around the file of an environment: plan, apply, teardown, import-resources, convert."""
