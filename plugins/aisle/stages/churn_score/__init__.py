"""Churn scoring: the live model gives each customer a risk of churn."""
