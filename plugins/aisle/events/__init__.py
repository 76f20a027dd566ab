"""Events: a purchase reaches the model within a minute of the order, not with the next export.

Reads   the company API (the newest orders), `events.outbox`.
Writes  raw and identity through ingest's own code, `events.outbox`, the event tracker of the dataset group.

    company API ──► tail ──► merge into raw ──► outbox ──► sender ──► PutEvents
                            (one transaction)             (row locks)
"""
