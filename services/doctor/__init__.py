"""`aisle doctor`: looks into data, cache, API, events and service, and says what is wrong and what to do about it."""
