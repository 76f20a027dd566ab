-- name: accept
-- A request of the shop page, by the id of its anonymous customer; what is accepted again stays as it is.
insert into serving.shop_requests (user_id, mode, product_ids, metadata)
values (%(user_id)s, %(mode)s, %(product_ids)s, %(metadata)s)
on conflict do nothing;

-- name: store
-- The first answer of a request counts; null for one that could not be answered.
update serving.shop_requests
set answer = %(answer)s, failure = %(failure)s, finished_at = now()
where user_id = %(user_id)s and finished_at is null;

-- name: unfinished
-- Requests that were accepted within so many seconds and have neither an answer nor a failure.
select
    user_id,
    mode,
    product_ids,
    metadata::text as metadata,
    extract(epoch from now() - accepted_at)::double precision as seconds
from serving.shop_requests
where finished_at is null and accepted_at > now() - make_interval(secs => %(seconds)s)
order by accepted_at;

-- name: find
-- A request, its answer, and how long it has waited.
select
    mode,
    answer::text as answer,
    failure,
    accepted_at,
    finished_at,
    extract(epoch from coalesce(finished_at, now()) - accepted_at)::double precision as seconds
from serving.shop_requests
where user_id = %(user_id)s;
