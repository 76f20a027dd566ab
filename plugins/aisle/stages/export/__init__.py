"""The export stage: write the marts to CSV files on S3, and import them into Personalize.

Reads  personalize.interactions, personalize.items, personalize.users.
Writes s3://<bucket>/export/<dataset>/<run key>/<dataset>.csv, ops.exports, ops.jobs (purpose `import-<dataset>`), and
       the datasets of the dataset group in Personalize.
"""
