"""The nouns that stages and services share. Imports neither Airflow nor AWS, and of Aisle only the errors."""
