"""Ingest: pull the company's orders, window by window, and keep every one of them exactly once.

Reads   the company API (`get_pos_orders`, `get_oe_orders`).
Writes  S3 `ingest/…` (pages as they came), `raw.company__*`, `identity.customers`, `ops.ingest_windows`.

    client ──► archive ──► orders ──► landing ──► staging ──► merge + ledger, in one transaction
    (pages)    (S3)        (typed)    (rows)      (COPY)
"""
