"""Development tools: the rules for DAG files and their index."""
