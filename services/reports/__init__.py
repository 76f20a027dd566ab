"""The reports of the line as pages: dbt docs and Data Docs, static files with an index."""
