"""Churn training: past purchases become a model of churn, which goes live if it earns it."""
