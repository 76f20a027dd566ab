"""`make demo`: the real DAGs, run by the real scheduler, watched stage by stage, and summed up at the end."""
