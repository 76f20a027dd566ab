"""The operations of the API, one method each, grouped by what they are about."""
