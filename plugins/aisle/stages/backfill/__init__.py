"""Backfill: spans of time are fetched again, window by window, beside the scheduled ingest.

Reads   the company API.
Writes  what ingest writes, by the same code; its windows are of kind 'backfill', which never move the watermark.

No work is done twice: a window is claimed in the ledger while it is worked on, a window that this run has proven is not
fetched again, and an order that has not changed is not written again.
"""
