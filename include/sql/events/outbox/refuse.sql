-- An event was refused once more; the last time that is one too many, it is dead until somebody replays it.
update events.outbox set
    attempts = attempts + 1,
    state = case when attempts + 1 >= %(max_attempts)s then 'dead' else 'waiting' end,
    last_error = %(error)s,
    tried_at = clock_timestamp()
where event_id = %(event_id)s and dataset_group = %(dataset_group)s
returning state = 'dead'
