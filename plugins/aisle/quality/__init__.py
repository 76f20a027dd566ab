"""Quality gates: Great Expectations at the boundaries of the pipeline.

Reads `expectations/` and the tables of a boundary. Writes `ops.quality_results` and the pages of the quality report.
"""
