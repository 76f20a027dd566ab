"""The reports of the pipeline as pages: dbt docs and Data Docs, static files with an index."""
