"""The evaluate leg: a new model is measured on days it has not seen, and goes live if it has earned it.

Reads  personalize.interactions, personalize.items, personalize.users, the models in Personalize.
Writes a dataset group `<group>-holdout` in Personalize with twins of the models, ops.model_evaluations,
       ops.model_versions.
"""
