"""What the engine knows of a dataset group: bulk imports and single records, as tables, attributes and histories."""
