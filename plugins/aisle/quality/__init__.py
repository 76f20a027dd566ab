"""Quality gates: Great Expectations at the three boundaries of the warehouse (raw in, marts out, batch output back).

Reads `expectations/` and the tables of a border. Writes `ops.quality_results` and the pages of the quality report.
"""
