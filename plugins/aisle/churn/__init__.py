"""Churn: whether a customer will purchase within the horizon; learned from past dates, measured, and predicted.

The dbt models of schema `features` say what is known of a customer as of a date, and who churned after it.
"""
