"""Retrain: new interactions and drift start a training before its time."""
