"""The train leg: what Personalize knows becomes models.

Reads  the newest imports of the datasets in Personalize.
Writes one version per solution in Personalize, ops.model_metrics, ops.jobs (purpose `train-<solution>`).
"""
