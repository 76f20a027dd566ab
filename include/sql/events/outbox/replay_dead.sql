-- Dead events wait again, as if they had never been tried; the reason stays until the next one.
update events.outbox set
    state = 'waiting',
    attempts = 0,
    tried_at = null
where state = 'dead'
