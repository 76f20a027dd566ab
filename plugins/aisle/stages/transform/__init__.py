"""Transform: dbt turns raw orders into the marts. Reads schema raw; writes staging, intermediate, core, personalize."""
