"""Events: a purchase reaches the model within a minute of the order, not with the next export.

Reads   the company API (the newest orders), `events.outbox`.
Writes  raw and identity through ingest's own code, `events.outbox`, the event trackers of the dataset groups.

    company API ──► tail ──► merge into raw ──► outbox ──► sender ──► PutEvents
                            (one transaction)             (one per group; row locks)
"""
