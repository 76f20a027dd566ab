"""The offline cache: the tables of each dataset group, filled beside the live ones and switched in one transaction."""
