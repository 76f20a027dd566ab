"""Accept: a person says that a lower level at a boundary is right, and later runs are compared with it.

Reads  ops.volumes: what was measured last at the boundary.
Writes ops.volumes (the accepted level), ops.interventions (who accepted it, and why).
"""
