"""Maintain: what nothing stands on any more goes, after a time that the settings give.

Reads   S3, `ops`, `cache`, Personalize: what is in use.
Writes  the same: removes files, rows, staging tables, uploads; every one of them is named in a receipt.

What is in use stays whatever its age: the newest job of each purpose with its files, the newest import, the generations
that are live or previous, pages that hold a refused order. The ledger of windows stays whole: the watermark is read off
it. Models stay: Amazon Personalize cannot delete one version, only a whole solution.
"""
