"""Reports of experiments: how many were exposed, what they did, and whether an arm is better than the control."""
