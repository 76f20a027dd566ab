"""The recommend stage: ask the models about every active user and every item, in a batch job each.

Reads  core.customers, personalize.items, the live models (ops.model_versions).
Writes s3://<bucket>/recommend/input/… and …/output/…, ops.jobs (purposes `recommend-users`, `recommend-items`).
"""
