update events.outbox set
    state = 'sent',
    sent_at = clock_timestamp()
where event_id = any(%(event_ids)s) and dataset_group = %(dataset_group)s
