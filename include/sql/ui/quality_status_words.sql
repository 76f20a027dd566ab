-- The status words that nobody has mapped and that keep orders out, the newest first.
select
    source,
    word,
    n_orders,
    first_seen_at
from ops.status_words
where n_orders > 0
order by first_seen_at desc, source asc, word asc
