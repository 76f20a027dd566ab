"""The train stage: train models from the imported data.

Reads  the newest imports of the datasets in Personalize.
Writes one version per solution in Personalize, ops.model_metrics, ops.jobs (purpose `train-<solution>`).
"""
