"""Maintain: delete unreferenced data after its retention period.

Reads   S3, `ops`, `cache`, Personalize: what is in use.
Writes  the same: deletes files, rows, staging tables and uploads; receipts name them all.

Data in use stay whatever their age: the newest job of each purpose with its files, the newest import, the live and
previous generations, pages with a refused order. The ledger of windows is kept: it gives the watermark. Models stay:
Amazon Personalize cannot delete a version, only a whole solution.
"""
