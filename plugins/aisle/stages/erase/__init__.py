"""Erase: a person who asks for it is forgotten everywhere.

Reads   `identity.erasure_requests`: who it is. Nothing that tells it stands in params, XComs or logs.
Writes  every table with a user_id, the files of ingest, export and recommend on S3, reports and logs, the datasets and
        models in Personalize or the engine, `identity.tombstones`.

    request ──► warehouse (tombstones, identity, raw, marts, cache) ──► files, folders, data deletion job ──► done

Orders stay without their person, because revenue stays. Archived pages keep the order and lose its customer.
"""
