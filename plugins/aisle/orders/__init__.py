"""Company orders: fetched page by page, archived, read, and landed in schema `raw`, each exactly once.

client ──► archive ──► reader ──► landing ──► staging ──► merge + ledger, in one transaction
(pages)    (S3)        (typed)    (rows)      (COPY)
"""
