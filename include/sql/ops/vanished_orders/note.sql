-- What a whole answer for a window no longer gives. Runs behind the merge, in its transaction.
delete from ops.vanished_orders as known
using newest_orders
where known.source = %(source)s and known.order_id = newest_orders.order_id;

insert into ops.vanished_orders (source, order_id, ordered_at, run_key)
select stored.source, stored.order_id, stored.ordered_at, %(run_key)s
from raw.company__orders as stored
where
    stored.source = %(source)s
    and stored.ordered_at >= %(window_start)s
    and stored.ordered_at < %(window_end)s
    and not exists (
        select from newest_orders
        where newest_orders.order_id = stored.order_id
    )
on conflict (source, order_id) do nothing;
