"""The data of dataset groups: bulk imports and single records, as tables, attributes and histories."""
