"""Erase: forget a person who asks for it, everywhere.

Reads   `identity.erasure_requests`: who it is. Params, XComs and logs never identify the person.
Writes  every table with a user_id, the files of ingest, export and recommend on S3, reports and logs, the datasets and
        models in Personalize or the engine, `identity.erasures`.

    request ──► warehouse (erasure records, identity, raw, marts, cache) ──► files, folders, data deletion job ──► done

Orders stay without their customer, because revenue stays. So do orders in archived pages.
"""
