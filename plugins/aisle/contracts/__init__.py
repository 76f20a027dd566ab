"""The nouns that legs and services share. Imports neither Airflow nor boto3, and nothing else of Aisle."""
