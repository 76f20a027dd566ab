"""Evaluation: a new model is measured on days that it has not seen, next to popularity and the live model."""
