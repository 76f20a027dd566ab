"""The engine: a server that answers the Amazon Personalize API from imported data, on one machine."""
