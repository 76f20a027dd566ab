"""`make demo`: the real DAGs, run by the real scheduler, watched leg by leg, and summed up at the end."""
