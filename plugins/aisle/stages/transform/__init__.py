"""Transform: dbt turns raw orders into the marts. Reads schema raw; writes the schemas of the models."""
