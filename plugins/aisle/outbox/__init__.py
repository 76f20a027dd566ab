"""The outbox: purchase events that wait to be sent, and their way to the event trackers."""
