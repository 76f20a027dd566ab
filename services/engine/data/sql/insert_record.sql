insert or ignore into records (dataset, subject, session, event_id, fingerprint, cells)
values (?, ?, ?, ?, ?, ?)
returning seq
