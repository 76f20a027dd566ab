"""What pages of a shop load from the API: the JavaScript client."""
