-- What was not sent to groups that the file has no more: nobody would ever send it. What a merge is just changing is
-- left to the next run.
delete from events.outbox
using (
    select event_id, dataset_group
    from events.outbox
    where state <> 'sent' and dataset_group <> all(%(dataset_groups)s::text[])
    for update skip locked
) as departed
where outbox.event_id = departed.event_id and outbox.dataset_group = departed.dataset_group
