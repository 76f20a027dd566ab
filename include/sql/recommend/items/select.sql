-- One line per item, for a batch job.
select jsonb_build_object('itemId', items.item_id)::text as line
from {items} as items
order by items.item_id collate "C"
