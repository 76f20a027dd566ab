-- Dead events of a group, or of every one, wait again, as if they had never been tried. The reason stays meanwhile.
update events.outbox set
    state = 'waiting',
    attempts = 0,
    tried_at = null
where state = 'dead' and (%(dataset_group)s::text is null or dataset_group = %(dataset_group)s)
